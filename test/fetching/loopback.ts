/** Servers on loopback for the tests of fetching; nothing here listens or dials anywhere else. */
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import {
  type AddressInfo,
  createServer as createRawServer,
  type Server,
  type Socket,
} from 'node:net';
import { Downloader, type DownloaderOptions } from '../../src/fetching/download.ts';
import { createFetchPolicy } from '../../src/fetching/fetch-policy.ts';

/** A running server. */
export interface LoopbackServer {
  readonly port: number;
  /** `127.0.0.1:PORT`, as `fetchAllow` takes it. */
  readonly host: string;
  /** Address of a path of it. */
  url(path?: string): string;
  /** Connections so far, whether or not a request came. */
  connections(): number;
  close(): Promise<void>;
}

async function listen(server: Server, address: string, port: number): Promise<LoopbackServer> {
  const sockets = new Set<Socket>();
  let connections = 0;
  server.on('connection', (socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => undefined); // a client that hangs up is what many tests are about
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, resolve);
  });
  const { port: bound } = server.address() as AddressInfo;
  const host = `${address.includes(':') ? `[${address}]` : address}:${bound}`;
  return {
    port: bound,
    host,
    url: (path = '/x.jpg') => `http://${host}${path}`,
    connections: () => connections,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** An HTTP server. */
export const serveHttp = (
  handler: RequestListener,
  address = '127.0.0.1',
  port = 0,
): Promise<LoopbackServer> => listen(createServer(handler), address, port);

/** An HTTPS server. */
export const serveHttps = (
  identity: { readonly cert: string; readonly key: string },
  handler: RequestListener,
): Promise<LoopbackServer> => listen(createTlsServer({ ...identity }, handler), '127.0.0.1', 0);

/** A server that sends these bytes when a request arrived, whatever they are, and may hang up. */
export const serveRaw = (
  answer: string,
  { hangsUp }: { readonly hangsUp: boolean },
): Promise<LoopbackServer> =>
  listen(
    createRawServer((socket) => {
      socket.once('data', () => (hangsUp ? socket.end(answer) : socket.write(answer)));
    }),
    '127.0.0.1',
    0,
  );

/** Names that are looked up fail, unless a test says otherwise. */
export const noNames = (host: string): Promise<readonly string[]> =>
  Promise.reject(new Error(`getaddrinfo ENOTFOUND ${host}`));

/** A downloader that may reach the given hosts. */
export function downloaderFor(
  allow: readonly string[],
  options: Partial<DownloaderOptions> = {},
): Downloader {
  return new Downloader({
    policy: createFetchPolicy({ allow, only: [], own: [] }),
    maxBytes: 64 * 1024,
    deadlineMs: 8_000,
    resolve: noNames,
    minRefusalMs: 0,
    ...options,
  });
}
