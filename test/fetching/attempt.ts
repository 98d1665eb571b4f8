import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { ApiError, unreachableImageUrl } from '../../src/errors.ts';
import type { Downloader } from '../../src/fetching/download.ts';
import { parseImageUrl } from '../../src/fetching/image-url.ts';
import { scratchFolder } from './scratch.ts';

/** Download, expect a refusal that leaves no file, and return it. */
export async function refusalOf(downloader: Downloader, url: string): Promise<ApiError> {
  const folder = scratchFolder();
  const anyPort = () => true; // ports are the parser's business and tested there
  const outcome = await downloader
    .downloadTo(parseImageUrl(url, anyPort), join(folder, 'source'), new AbortController().signal)
    .catch((error: unknown) => error);
  expect(readdirSync(folder), `${url} left a file`).toEqual([]);
  if (!(outcome instanceof ApiError)) throw new Error(`${url}: ${String(outcome)}`);
  return outcome;
}

/** All that a caller can tell of an error. */
export const publicPartOf = (error: ApiError) => {
  const { cause: _cause, ...details } = error.details;
  return { code: error.code, status: error.status, message: error.message, details };
};

/** What a caller is told for every network cause. */
export const UNREACHABLE = publicPartOf(unreachableImageUrl(undefined));
