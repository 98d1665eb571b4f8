import { ApiError, type ErrorCode } from '../../src/errors.ts';

/** Code of the ApiError that a call throws; undefined when it returns; other errors pass. */
export function codeOf(call: () => unknown): ErrorCode | undefined {
  try {
    call();
    return undefined;
  } catch (error) {
    if (error instanceof ApiError) return error.code;
    throw error;
  }
}
