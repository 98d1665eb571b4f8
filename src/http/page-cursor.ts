/** The cursor of a paged list: where the last page ended, opaque to callers. */
import { invalidRequest } from '../errors.ts';

/** The last row of a page. */
export interface PagePlace {
  readonly createdAt: number;
  readonly id: string;
}

const PLACE = /^(\d{1,16}) ([a-z]+_[a-z0-9]{26})$/;

/** Cursor of the page after a row. */
export const cursorAfter = ({ createdAt, id }: PagePlace): string =>
  Buffer.from(`${createdAt} ${id}`).toString('base64url');

/**
 * The row that a cursor stands for.
 * @throws ApiError `invalid_request`.
 */
export function placeOfCursor(cursor: string | undefined): PagePlace | undefined {
  if (cursor === undefined) return undefined;
  const [, createdAt, id] = PLACE.exec(Buffer.from(cursor, 'base64url').toString('latin1')) ?? [];
  if (createdAt === undefined || id === undefined) {
    throw invalidRequest('Expected a next_cursor of an earlier answer for cursor.');
  }
  return { createdAt: Number(createdAt), id };
}
