/** Sources that live as long as a test, and downloads from them. */
import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import type { DownloaderOptions } from '../../src/fetching/download.ts';
import { parseImageUrl } from '../../src/fetching/image-url.ts';
import { publicPartOf, refusalOf, UNREACHABLE } from './attempt.ts';
import { downloaderFor, type LoopbackServer, serveHttp, serveRaw } from './loopback.ts';
import { scratchFolder } from './scratch.ts';

function closing(server: LoopbackServer): LoopbackServer {
  onTestFinished(() => server.close());
  return server;
}
export const served = async (handler: RequestListener) => closing(await serveHttp(handler));
export const sent = async (answer: string, hangsUp = true) =>
  closing(await serveRaw(answer, { hangsUp }));

export async function download(server: LoopbackServer, path?: string) {
  const file = join(scratchFolder(), 'source');
  const url = parseImageUrl(server.url(path), () => true);
  const { signal } = new AbortController();
  return { file, ...(await downloaderFor([server.host]).downloadTo(url, file, signal)) };
}

export const refused = (
  server: LoopbackServer,
  options: Partial<DownloaderOptions> = {},
  path?: string,
) => refusalOf(downloaderFor([server.host], options), server.url(path));

export async function expectUnreachable(
  server: LoopbackServer,
  options: Partial<DownloaderOptions> = {},
): Promise<void> {
  expect(publicPartOf(await refused(server, options))).toEqual(UNREACHABLE);
}
