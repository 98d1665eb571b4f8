/**
 * Parses an address that a caller names, once. Everything later works on the parsed object, never on
 * the text again, because two parsers that disagree are how such checks get bypassed.
 */
import type { ApiError } from '../errors.ts';

declare const checked: unique symbol;
/** An absolute http(s) URL without credentials. */
export type RemoteUrl = URL & { readonly [checked]: true };

/** How a URL is judged and what is said of it. */
export interface RemoteUrlRules {
  /** Name of the field. */
  readonly field: string;
  readonly article: 'a' | 'an';
  /** Judges `host` and a port other than 80 and 443. */
  readonly isPortAllowed: (url: URL) => boolean;
  /** Makes the error of a sentence. */
  readonly fail: (message: string) => ApiError;
}

const MAX_LENGTH = 2048;
/** Characters that browsers strip or rewrite: a URL with them means something else elsewhere. */
const AMBIGUOUS = /[\p{Cc}\s\\]/u;
const ABSOLUTE = /^https?:\/\/[^/]/i;
const DEFAULT_PORTS: readonly string[] = ['', '80', '443'];

/**
 * Parse and check the form of a URL.
 * @throws ApiError of the rules' making, saying what is wrong.
 */
export function parseRemoteUrl(text: string, rules: RemoteUrlRules): RemoteUrl {
  const { field, article, isPortAllowed, fail } = rules;
  if (text.length > MAX_LENGTH) {
    throw fail(`Expected at most ${MAX_LENGTH} characters for ${field}.`);
  }
  if (!ABSOLUTE.test(text) || AMBIGUOUS.test(text) || !URL.canParse(text)) {
    throw fail(`Expected an absolute http or https address for ${field}.`);
  }
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') {
    throw fail(`Expected ${article} ${field} without user name and password.`);
  }
  if (!DEFAULT_PORTS.includes(url.port) && !isPortAllowed(url)) {
    throw fail(`Expected port 80 or 443 for ${field}.`);
  }
  return url as RemoteUrl;
}
