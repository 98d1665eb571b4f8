/**
 * Parses an `image_url` once. Everything later works on the parsed object, never on the text again,
 * because two parsers that disagree are how such checks get bypassed.
 */
import { malformedImageUrl } from '../errors.ts';

declare const checked: unique symbol;
/** An absolute http(s) URL without credentials. */
export type ImageUrl = URL & { readonly [checked]: true };

const MAX_LENGTH = 2048;
/** Characters that browsers strip or rewrite: a URL with them means something else elsewhere. */
const AMBIGUOUS = /[\p{Cc}\s\\]/u;
const ABSOLUTE = /^https?:\/\/[^/]/i;
const DEFAULT_PORTS: readonly string[] = ['', '80', '443'];

/**
 * Parse and check the form of a URL.
 * @param isPortAllowed Judges `host` and a port other than 80 and 443.
 * @throws ApiError `invalid_image_url` saying what is wrong.
 */
export function parseImageUrl(
  text: string,
  isPortAllowed: (url: URL) => boolean = () => false,
): ImageUrl {
  if (text.length > MAX_LENGTH) {
    throw malformedImageUrl(`Expected at most ${MAX_LENGTH} characters for image_url.`);
  }
  if (/^data:/i.test(text)) {
    throw malformedImageUrl(
      'Expected an http or https address for image_url, not a data: URL. Send local files through POST /api/uploads.',
    );
  }
  if (!ABSOLUTE.test(text) || AMBIGUOUS.test(text) || !URL.canParse(text)) {
    throw malformedImageUrl('Expected an absolute http or https address for image_url.');
  }
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') {
    throw malformedImageUrl('Expected an image_url without user name and password.');
  }
  if (!DEFAULT_PORTS.includes(url.port) && !isPortAllowed(url)) {
    throw malformedImageUrl('Expected port 80 or 443 for image_url.');
  }
  return url as ImageUrl;
}
