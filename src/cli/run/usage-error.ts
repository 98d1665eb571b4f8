/** A command line that cannot be carried out: one plain line and exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
