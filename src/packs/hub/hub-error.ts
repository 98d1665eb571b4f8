/** Why something could not be had from the hub; the message is one plain line for the operator. */

/** A failure that trying again does not mend. */
export class HubError extends Error {
  override readonly name: string = 'HubError';
}

/** A failure that may pass: a dropped connection, a busy server. */
export class PassingHubError extends HubError {
  override readonly name = 'PassingHubError';
  /** How long the server asks to be left alone. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, options: ErrorOptions & { readonly retryAfterMs?: number } = {}) {
    super(message, options);
    this.retryAfterMs = options.retryAfterMs;
  }
}
