/** Failures of our own disk, told from everything else: the caller can try again when there is room. */
import { type ApiError, internalError, storageFull } from '../errors.ts';

/** The last is how SQLite says that the index of its write-ahead log cannot grow. */
const NO_ROOM: readonly unknown[] = ['ENOSPC', 'EDQUOT', 'SQLITE_FULL', 'SQLITE_IOERR_SHMSIZE'];

/** Whether a write failed because the disk is full. */
export function isOutOfRoom(error: unknown): boolean {
  return error instanceof Error && 'code' in error && NO_ROOM.includes(error.code);
}

/** The error to answer with: `storage_full` when the disk has no room, else `internal_error`. */
export function diskFailure(error: unknown): ApiError {
  return isOutOfRoom(error) ? storageFull() : internalError(error);
}
