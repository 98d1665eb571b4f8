/**
 * The error catalogue: every failure a caller can see is made by a function of this file, so that a
 * code, its status and its wording exist once. The HTTP edge turns an `ApiError` into the contract's
 * envelope; everything else that is thrown becomes `internal_error`, with the cause in the log only.
 */

/** Every `error.code` of the contract. */
export type ErrorCode =
  | 'invalid_request'
  | 'invalid_json'
  | 'https_required'
  | 'invalid_idempotency_key'
  | 'invalid_image_url'
  | 'invalid_image'
  | 'unauthorized'
  | 'insufficient_credits'
  | 'forbidden'
  | 'not_found'
  | 'method_not_allowed'
  | 'request_timeout'
  | 'idempotency_conflict'
  | 'idempotency_in_progress'
  | 'gone'
  | 'payload_too_large'
  | 'unsupported_media_type'
  | 'rate_limit_exceeded'
  | 'too_many_concurrent_requests'
  | 'internal_error'
  | 'overloaded'
  | 'model_unavailable'
  | 'storage_full'
  | 'shutting_down';

/** What a caller may know of a failure beyond its code and sentence. */
export interface ErrorDetails {
  /** Seconds for the `Retry-After` header. */
  readonly retryAfterS?: number;
  /** Value of the `Allow` header of a 405. */
  readonly allow?: string;
  /** Whether there was no engine to try it: what nobody waits for may be tried again. */
  readonly isOutage?: boolean;
  /** The two figures of a 402. */
  readonly credits?: { readonly required: number; readonly available: number };
  /** What really happened; logged, never sent. */
  readonly cause?: unknown;
}

/** A failure with a public code, status and sentence. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: ErrorCode;
  /** HTTP status; only the HTTP edge reads it. */
  readonly status: number;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, status: number, publicMessage: string, details: ErrorDetails = {}) {
    super(publicMessage, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.status = status;
    this.details = details;
  }
}

/** A field is missing, of a wrong type or out of range; the sentence names it and what is allowed. */
export const invalidRequest = (message: string): ApiError =>
  new ApiError('invalid_request', 400, message);

/** The body is not JSON. */
export const invalidJson = (): ApiError =>
  new ApiError('invalid_json', 400, 'The request body is not valid JSON.');

/** The failure of one item of a batch, with the item named; what is no public failure stays as it is. */
export const inItem = (index: number, error: unknown): unknown => inField(`items.${index}`, error);

/** The same failure, told with the field that it is about. */
export function inField(field: string, error: unknown): unknown {
  if (!(error instanceof ApiError)) return error;
  return new ApiError(error.code, error.status, `${field}: ${error.message}`, error.details);
}

/** Plain HTTP from a caller that is not on loopback. */
export const httpsRequired = (): ApiError =>
  new ApiError('https_required', 400, 'Use HTTPS: this server does not answer plain HTTP.');

/** The URL itself is wrong: not absolute, not http(s), with credentials, or too long. */
export const malformedImageUrl = (message: string): ApiError =>
  new ApiError('invalid_image_url', 400, message);

/** One answer for every network cause, so that nobody can map a network through this server. */
export const unreachableImageUrl = (cause: unknown): ApiError =>
  new ApiError(
    'invalid_image_url',
    400,
    'The image could not be fetched from image_url. It must be a public address that answers 200 with a picture, quickly and without more than 3 redirects.',
    { cause },
  );

/** Not a supported, intact picture within the limits. */
export const invalidImage = (message: string, cause?: unknown): ApiError =>
  new ApiError('invalid_image', 400, message, cause === undefined ? {} : { cause });

/** One answer for no key, a malformed header and an unknown, revoked or expired key. */
export const unauthorized = (): ApiError =>
  new ApiError(
    'unauthorized',
    401,
    'A valid API key is required: Authorization: Bearer <API key>.',
  );

/** The balance is below the price. */
export const insufficientCredits = (required: number, available: number): ApiError =>
  new ApiError(
    'insufficient_credits',
    402,
    "You don't have enough credits to complete this request.",
    { credits: { required, available } },
  );

/** The account may not do this: suspended, or the key lacks the scope. */
export const forbidden = (message: string): ApiError => new ApiError('forbidden', 403, message);

/** No such thing, or not the caller's. */
export const notFound = (message = 'There is nothing at this address.'): ApiError =>
  new ApiError('not_found', 404, message);

/** A known path with a method it does not have. */
export const methodNotAllowed = (allow: string): ApiError =>
  new ApiError('method_not_allowed', 405, `This address answers ${allow} only.`, { allow });

/** The body did not arrive in time. */
export const requestTimeout = (): ApiError =>
  new ApiError('request_timeout', 408, 'The request body did not arrive in time.');

/** The same Idempotency-Key came with another body. */
export const idempotencyConflict = (): ApiError =>
  new ApiError(
    'idempotency_conflict',
    409,
    'This Idempotency-Key was used with another request. Use a new key for a new request.',
  );

/** The first call with this Idempotency-Key still runs. */
export const idempotencyInProgress = (retryAfterS: number): ApiError =>
  new ApiError(
    'idempotency_in_progress',
    409,
    'A request with this Idempotency-Key is still in progress.',
    { retryAfterS },
  );

/** An Idempotency-Key that is empty, too long or not printable ASCII. */
export const invalidIdempotencyKey = (): ApiError =>
  new ApiError(
    'invalid_idempotency_key',
    400,
    'Expected 1 to 255 printable ASCII characters for Idempotency-Key.',
  );

/** An expired job or result. */
export const gone = (): ApiError => new ApiError('gone', 410, 'This has expired and was deleted.');

/** The body is over its limit. */
export const payloadTooLarge = (maxBytes: number): ApiError =>
  new ApiError(
    'payload_too_large',
    413,
    `The request body is larger than the ${maxBytes} bytes allowed.`,
  );

/** A range beyond the end of a file. */
export const rangeNotSatisfiable = (): ApiError =>
  new ApiError('invalid_request', 416, 'The range lies outside the file.');

/** A content type, charset or content encoding that is not read. */
export const unsupportedMediaType = (message: string): ApiError =>
  new ApiError('unsupported_media_type', 415, message);

/** A rate window is used up. */
export const rateLimitExceeded = (retryAfterS: number): ApiError =>
  new ApiError('rate_limit_exceeded', 429, 'Too many requests. Try again later.', { retryAfterS });

/** The account has as many jobs waiting or running as it may. */
export const tooManyConcurrentRequests = (retryAfterS: number): ApiError =>
  new ApiError(
    'too_many_concurrent_requests',
    429,
    'Too many requests of this account are in progress. Try again when one has finished.',
    { retryAfterS },
  );

/** Anything that is our fault; nothing of the inside is told. */
export const internalError = (cause: unknown): ApiError =>
  new ApiError('internal_error', 500, 'Something went wrong on our side. You were not charged.', {
    cause,
  });

const BUSY = 'The server is busy. You were not charged; try again later.';

/** The queue is full. */
export const overloaded = (retryAfterS: number): ApiError =>
  new ApiError('overloaded', 503, BUSY, { retryAfterS });

/** Every engine is being replaced. */
export const noEngine = (retryAfterS: number): ApiError =>
  new ApiError('overloaded', 503, BUSY, { retryAfterS, isOutage: true });

/** Memory ran out, with smaller parts and nothing else in memory too. */
export const outOfMemory = (retryAfterS: number, cause: unknown): ApiError =>
  new ApiError('overloaded', 503, BUSY, { retryAfterS, cause });

/** No installed pack can do this. */
export const modelUnavailable = (message: string, cause?: unknown): ApiError =>
  new ApiError('model_unavailable', 503, message, { retryAfterS: 3600, cause });

/** An operator's pack could not be brought into memory, or out of it; the sentence says why. */
export const packNotMoved = (message: string, cause: unknown): ApiError =>
  new ApiError('model_unavailable', 503, message, { retryAfterS: 60, cause });

/** Too little disk room to store a result. */
export const storageFull = (): ApiError =>
  new ApiError('storage_full', 503, 'The server has no room for results. You were not charged.', {
    retryAfterS: 60,
  });

/** The server is draining before it stops. */
export const shuttingDown = (): ApiError =>
  new ApiError('shutting_down', 503, 'The server is restarting. You were not charged.', {
    retryAfterS: 10,
  });
