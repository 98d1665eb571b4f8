/** What an operator is told of a file that could not be done: on their own machine, the real cause too. */
import { ApiError } from '../../errors.ts';

/** Why a file failed. */
export interface Failure {
  readonly code: string;
  readonly reason: string;
}

function deepest(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : deepest(error.cause);
}

/** Code and reason of whatever was thrown. */
export function failureOf(error: unknown): Failure {
  if (!(error instanceof ApiError)) return { code: 'internal_error', reason: deepest(error) };
  const isWordedForCallers = ['internal_error', 'invalid_image_url'].includes(error.code);
  return { code: error.code, reason: isWordedForCallers ? deepest(error) : error.message };
}
