/** The pictures that a request names: each is fetched, staged and removed in the same way. */
import { inField } from '../errors.ts';
import type { ImageUrl } from '../fetching/image-url.ts';
import { SOURCE_ROLES, type SourceRole } from '../results/result-store.ts';
import type { JobRequest } from './job.ts';

/** A picture to fetch. */
export interface JobSource {
  readonly role: SourceRole;
  readonly url: ImageUrl;
}

/** Where the picture is that a cutout is to lie on; undefined: it lies on none. */
export function backgroundAddressOf(request: JobRequest): string | undefined {
  if (request.operation !== 'remove-background') return undefined;
  const { background } = request.options;
  return typeof background === 'object' && 'imageUrl' in background
    ? background.imageUrl
    : undefined;
}

/** A failure of a source says which picture it is about, where that is not the one of `image_url`. */
export const ofSource = (role: SourceRole, error: unknown): unknown =>
  role === 'image' ? error : inField('options.background', error);

/**
 * The pictures of a request.
 * @param prepare checks an address. @throws ApiError `invalid_image_url`.
 */
export function sourcesOf(
  request: JobRequest,
  prepare: (address: string) => ImageUrl,
): readonly JobSource[] {
  const addresses = { image: request.imageUrl, background: backgroundAddressOf(request) };
  return SOURCE_ROLES.flatMap((role) => {
    const address = addresses[role];
    try {
      return address === undefined ? [] : [{ role, url: prepare(address) }];
    } catch (error) {
      throw ofSource(role, error);
    }
  });
}
