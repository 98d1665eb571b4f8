/** Failures of our own disk while a source arrives: never the fault of the address it came from. */
import { type ApiError, internalError, storageFull } from '../errors.ts';

const NO_ROOM: readonly unknown[] = ['ENOSPC', 'EDQUOT'];

/** The error to answer with: `storage_full` when the disk has no room, else `internal_error`. */
export function diskFailure(error: unknown): ApiError {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return NO_ROOM.includes(code) ? storageFull() : internalError(error);
}
