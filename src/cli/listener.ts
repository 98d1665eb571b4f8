/** The HTTP(S) listener: time-outs, TLS, and an answer for the seconds before the engine is warm. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Config } from '../config.ts';

const HEADERS_TIMEOUT_MS = 10_000;
const CHECK_INTERVAL_MS = 2_000;
const KEEP_ALIVE_MS = 10_000;
const MAX_CONNECTIONS = 2_000;
const CLOSE_GRACE_MS = 5_000;

/** A listener whose handler comes later than its socket. */
export interface Listener {
  /** `http://127.0.0.1:8787`. */
  readonly url: string;
  /** Answer requests with this from now on. */
  attach(handler: RequestListener): void;
  /** Stop accepting, end idle connections, wait for the rest. */
  close(): Promise<void>;
}

const STARTING_RETRY_S = 2;

/** The process answers; it cannot do work yet. */
const answerStarting: RequestListener = (req, res) => {
  const isHealth = req.url === '/healthz';
  const error = { code: 'overloaded', message: 'The server is starting. Try again soon.' };
  res.writeHead(isHealth ? 200 : 503, {
    'Content-Type': 'application/json; charset=utf-8',
    'Retry-After': String(STARTING_RETRY_S),
    'X-Request-Id': randomUUID(),
    'X-RateLimit-Remaining': '0',
    'X-RateLimit-Reset': String(Math.ceil(Date.now() / 1000) + STARTING_RETRY_S),
  });
  res.end(JSON.stringify(isHealth ? { status: 'ok' } : { error }));
};

function urlOf(config: Config, port: number): string {
  const scheme = config.tlsCert === undefined ? 'http' : 'https';
  const host = config.host.includes(':') ? `[${config.host}]` : config.host;
  return `${scheme}://${host}:${port}`;
}

function readCredential(setting: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new Error(`${setting} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

function createListenerServer(config: Config, handler: RequestListener): Server {
  // Node's own time-out closes without an answer; the body readers answer 408 before it.
  const requestTimeout = Math.max(config.requestTimeoutS, config.uploadTimeoutS) * 1000 + 10_000;
  const options = {
    requestTimeout,
    headersTimeout: HEADERS_TIMEOUT_MS,
    connectionsCheckingInterval: CHECK_INTERVAL_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
  };
  if (config.tlsCert === undefined || config.tlsKey === undefined) {
    return createServer(options, handler);
  }
  const credentials = {
    cert: readCredential('GARNISH_TLS_CERT', config.tlsCert),
    key: readCredential('GARNISH_TLS_KEY', config.tlsKey),
  };
  return createTlsServer({ ...options, ...credentials }, handler);
}

/** A full house shows those out who only sit there, so that whoever comes next is served. */
function closeIdleWhenFull(server: Server): void {
  server.maxConnections = MAX_CONNECTIONS;
  let open = 0;
  server.on('connection', (socket: Socket) => {
    open += 1;
    socket.once('close', () => {
      open -= 1;
    });
    if (open >= MAX_CONNECTIONS) server.closeIdleConnections();
  });
}

/**
 * Open the port.
 * @throws Error in one plain line when the port is taken or the certificate cannot be read.
 */
export async function openListener(config: Config): Promise<Listener> {
  let current: RequestListener = answerStarting;
  const server = createListenerServer(config, (req, res) => current(req, res));
  closeIdleWhenFull(server);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) =>
      reject(new Error(`Cannot listen on ${config.host}:${config.port}: ${error.message}`)),
    );
    server.listen(config.port, config.host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: urlOf(config, port),
    attach: (handler) => {
      current = handler;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
        // What is still open now is slow to read its answer, or never asked anything.
        setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS).unref();
      }),
  };
}

/** Open the port of the admin routes, where they have one. @throws Error as `openListener` does. */
export async function openAdminListener(config: Config): Promise<Listener | undefined> {
  const { adminHost: host, adminPort: port } = config;
  return host === undefined || port === undefined
    ? undefined
    : openListener({ ...config, host, port });
}
