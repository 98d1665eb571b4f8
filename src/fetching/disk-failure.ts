/** Failures of our own disk, told from everything else: the caller can try again when there is room. */
import { type ApiError, internalError, storageFull } from '../errors.ts';

const NO_ROOM: readonly unknown[] = ['ENOSPC', 'EDQUOT', 'SQLITE_FULL'];

/** The error to answer with: `storage_full` when the disk has no room, else `internal_error`. */
export function diskFailure(error: unknown): ApiError {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return NO_ROOM.includes(code) ? storageFull() : internalError(error);
}
