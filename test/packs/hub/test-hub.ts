/**
 * A small hub: revisions, lists in pages, and files; large ones lie on a second origin, as on the real
 * one. What a test pushes onto `faults` answers the next request for a file's bytes.
 */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** Answers one request for bytes in place of the server. */
export type Fault = (request: IncomingMessage, response: ServerResponse, content: Buffer) => void;

/** A request that came. */
export interface SeenRequest {
  readonly host: 'hub' | 'cdn';
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
}

export const REPOSITORY = 'kitchen/dishes';
export const COMMIT = 'c0ffee'.padEnd(40, '0');

/** Files of at least this size are large ones. */
const LARGE_BYTES = 1024;
const PAGE_ENTRIES = 2;

export const sha256Of = (content: Buffer): string =>
  createHash('sha256').update(content).digest('hex');
export const gitBlobOf = (content: Buffer): string =>
  createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex');

/** Bytes that look random and are the same every time. */
export function bytesOf(length: number, seed = 1): Buffer {
  const content = Buffer.alloc(length);
  let state = seed;
  for (let i = 0; i < length; i += 1) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    content[i] = state >>> 24;
  }
  return content;
}

/** Serve bytes as a good server does: ETag, Range, If-Range. */
export const serve: Fault = (request, response, content) => {
  const etag = `"${sha256Of(content).slice(0, 16)}"`;
  const { range, 'if-range': ifRange } = request.headers;
  const from = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0);
  response.setHeader('etag', etag);
  if (from === 0 || (ifRange !== undefined && ifRange !== etag)) {
    response.writeHead(200, { 'content-length': content.length }).end(content);
  } else if (from >= content.length) {
    response.writeHead(416).end();
  } else {
    const last = content.length - 1;
    const headers = { 'content-range': `bytes ${from}-${last}/${content.length}` };
    response.writeHead(206, headers).end(content.subarray(from));
  }
};

/** Say the whole length, send some bytes, cut the connection; what was under way then may be lost. */
export const dropAfter =
  (bytes: number): Fault =>
  (request, response, content) => {
    const etag = `"${sha256Of(content).slice(0, 16)}"`;
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const range = `bytes ${from}-${content.length - 1}/${content.length}`;
    response.writeHead(from === 0 ? 200 : 206, {
      ...{ etag, 'content-length': content.length - from },
      ...(from === 0 ? {} : { 'content-range': range }),
    });
    response.write(content.subarray(from, from + bytes), () =>
      setTimeout(() => response.destroy(), 30),
    );
  };

/** Answer without a body. */
export const status =
  (code: number, headers: Readonly<Record<string, string>> = {}): Fault =>
  (_request, response) => {
    response.writeHead(code, headers).end();
  };

/** Send other bytes with no length said. */
export const sendInstead =
  (content: Buffer): Fault =>
  (_request, response) => {
    response.writeHead(200, { 'transfer-encoding': 'chunked' }).end(content);
  };

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** The hub; ends with the test. */
export class TestHub {
  readonly requests: SeenRequest[] = [];
  readonly faults: Fault[] = [];
  /** Answers every request for bytes when there is no fault. */
  serve: Fault = serve;
  readonly files: Map<string, Buffer>;
  /** What is sent, where it is not what the list says. */
  readonly sent = new Map<string, Buffer>();
  commit = COMMIT;
  url = '';
  cdnUrl = '';

  private constructor(files: Readonly<Record<string, Buffer>>) {
    this.files = new Map(Object.entries(files));
  }

  static async start(files: Readonly<Record<string, Buffer>>): Promise<TestHub> {
    const hub = new TestHub(files);
    hub.cdnUrl = await listen(createServer((...exchange) => hub.#cdn(...exchange)));
    hub.url = await listen(createServer((...exchange) => hub.#hub(...exchange)));
    return hub;
  }

  /** Requests for the bytes of a file, where these lie. */
  bytesRequests(path: string): readonly SeenRequest[] {
    const host = (this.files.get(path)?.length ?? 0) >= LARGE_BYTES ? 'cdn' : 'hub';
    return this.requests.filter((seen) => seen.host === host && seen.url.includes(`/${path}`));
  }

  #see(host: 'hub' | 'cdn', request: IncomingMessage): URL {
    this.requests.push({ host, url: request.url ?? '', headers: request.headers });
    return new URL(request.url ?? '', host === 'hub' ? this.url : this.cdnUrl);
  }

  #bytes(path: string, request: IncomingMessage, response: ServerResponse): void {
    const content = this.sent.get(path) ?? this.files.get(path);
    if (content === undefined) response.writeHead(404).end();
    else (this.faults.shift() ?? this.serve)(request, response, content);
  }

  #cdn(request: IncomingMessage, response: ServerResponse): void {
    const url = this.#see('cdn', request);
    if (url.searchParams.get('signature') !== 'fresh') response.writeHead(403).end();
    else this.#bytes(decodeURIComponent(url.pathname.slice(1)), request, response);
  }

  #hub(request: IncomingMessage, response: ServerResponse): void {
    const url = this.#see('hub', request);
    const tree = `/api/models/${REPOSITORY}/tree/${this.commit}`;
    const file = `/${REPOSITORY}/resolve/${this.commit}/`;
    const path = decodeURIComponent(url.pathname.slice(file.length));
    if (url.pathname === `/api/models/${REPOSITORY}/revision/main`) {
      const info = { _id: '1', id: REPOSITORY, private: false, sha: this.commit };
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ ...info, lastModified: '2026-01-01T00:00:00.000Z' }));
    } else if (url.pathname === tree) {
      this.#list(Number(url.searchParams.get('cursor') ?? 0), tree, response);
    } else if (!url.pathname.startsWith(file)) {
      response.writeHead(404).end();
    } else if ((this.files.get(path)?.length ?? 0) < LARGE_BYTES) {
      this.#bytes(path, request, response);
    } else {
      const location = `${this.cdnUrl}/${encodeURIComponent(path).replaceAll('%2F', '/')}`;
      response.writeHead(302, { location: `${location}?signature=fresh` }).end();
    }
  }

  #list(cursor: number, tree: string, response: ServerResponse): void {
    const entries = [...this.files].map(([path, content]) => {
      const oid = gitBlobOf(content);
      const entry = { type: 'file', oid, size: content.length, path };
      if (content.length < LARGE_BYTES) return entry;
      return { ...entry, lfs: { oid: sha256Of(content), size: content.length, pointerSize: 130 } };
    });
    const folder = { type: 'directory', oid: COMMIT, size: 0, path: 'onnx' };
    const all = [folder, ...entries];
    const next = cursor + PAGE_ENTRIES;
    if (next < all.length) {
      const link = `${this.url}${tree}?recursive=true&expand=false&cursor=${next}`;
      response.setHeader('link', `<${link}>; rel="next"`);
    }
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(all.slice(cursor, next)));
  }
}
