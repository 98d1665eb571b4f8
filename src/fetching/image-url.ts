/** Parses an `image_url`. */
import { malformedImageUrl } from '../errors.ts';
import { parseRemoteUrl, type RemoteUrl } from './remote-url.ts';

/** An absolute http(s) URL without credentials. */
export type ImageUrl = RemoteUrl;

/**
 * Parse and check the form of a URL.
 * @param isPortAllowed Judges `host` and a port other than 80 and 443.
 * @throws ApiError `invalid_image_url` saying what is wrong.
 */
export function parseImageUrl(
  text: string,
  isPortAllowed: (url: URL) => boolean = () => false,
): ImageUrl {
  if (/^data:/i.test(text)) {
    throw malformedImageUrl(
      'Expected an http or https address for image_url, not a data: URL. Send local files through POST /api/uploads.',
    );
  }
  return parseRemoteUrl(text, {
    field: 'image_url',
    article: 'an',
    isPortAllowed,
    fail: malformedImageUrl,
  });
}
