/** Where a redirect leads, and whether it is followed. */
import { HubError } from './hub-error.ts';

/** An address without its query: those of content networks are signed. */
export const shown = ({ origin, pathname }: URL): string => `${origin}${pathname}`;

/**
 * The address that a redirect leads to.
 * @throws HubError when that is no web address, or a plain one after an encrypted one.
 */
export function redirectTarget(from: URL, location: string): URL {
  const url = URL.canParse(location, from.href) ? new URL(location, from.href) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new HubError(`${shown(from)} redirects to what is no web address.`);
  }
  if (from.protocol === 'https:' && url.protocol === 'http:') {
    throw new HubError(`${shown(from)} redirects from https to http: refused.`);
  }
  return url;
}
