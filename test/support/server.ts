/** A whole server on a free loopback port with a data folder of its own, and a way to call it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NewAccount } from '../../src/accounts/accounts.ts';
import type { NewKey } from '../../src/accounts/api-keys.ts';
import { type RunningServer, startServer } from '../../src/cli/server.ts';
import { loadConfig } from '../../src/config.ts';
import { createLog, type Log } from '../../src/observability/log.ts';

/** An answer, read. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as JSON; undefined when it is none. */
  readonly json: Record<string, unknown> | undefined;
}

/** What a call sends. */
export interface Call {
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  /** null sends no key. */
  readonly key?: string | null;
}

/** A server under test. */
export interface TestServer {
  readonly server: RunningServer;
  readonly url: string;
  /** An enterprise account without rate limits. */
  readonly accountId: string;
  readonly key: string;
  readonly dataDir: string;
  newKey(account?: Partial<NewAccount>, key?: NewKey): { accountId: string; key: string };
  call(path: string, call?: Call): Promise<Answer>;
  /** POST JSON. */
  post(path: string, body: unknown, call?: Call): Promise<Answer>;
  /** Send a picture; gives its image_url. */
  upload(picture: Buffer, key?: string): Promise<string>;
  balance(accountId?: string): number;
  stop(): Promise<void>;
}

async function read(response: Response): Promise<Answer> {
  const text = await response.text();
  let json: Answer['json'];
  try {
    json = JSON.parse(text) as Record<string, unknown>;
  } catch {
    json = undefined; // a picture, or no body
  }
  return { status: response.status, headers: response.headers, text, json };
}

/** Start one; settings are given as in the environment. @param log Where events go; by default nowhere. */
export async function startTestServer(
  env: Record<string, string> = {},
  log?: Log,
): Promise<TestServer> {
  const dataDir = mkdtempSync(join(tmpdir(), 'garnish-test-'));
  const config = loadConfig(
    {
      GARNISH_DATA_DIR: dataDir,
      GARNISH_PORT: '0',
      GARNISH_DEVICES: 'cpu',
      GARNISH_MIN_FREE_DISK_MIB: '0',
      GARNISH_BALLAST_MIB: '0',
      GARNISH_LOG_LEVEL: 'silent',
      ...env,
    },
    dataDir,
  );
  const server = await startServer(config, log ?? createLog(config.logLevel));
  const newKey: TestServer['newKey'] = (account = {}, key = {}) => {
    const created = server.accounts.create(
      { plan: 'enterprise', credits: 1000, perMinute: 'none', perDay: 'none', ...account },
      Date.now(),
    );
    return { accountId: created.id, key: server.books.keys.create(created.id, key).key };
  };
  const main = newKey({ credits: 100_000 });
  const call: TestServer['call'] = async (path, { method = 'GET', body, headers, key } = {}) => {
    const auth = key === null ? {} : { Authorization: `Bearer ${key ?? main.key}` };
    return read(
      await fetch(`${server.url}${path}`, {
        method,
        redirect: 'manual',
        headers: { ...auth, ...headers },
        ...(body === undefined ? {} : { body: body as NonNullable<RequestInit['body']> }),
      }),
    );
  };
  return {
    server,
    url: server.url,
    ...main,
    dataDir,
    newKey,
    call,
    post: (path, body, options = {}) =>
      call(path, {
        method: 'POST',
        body: JSON.stringify(body),
        ...options,
        headers: { 'Content-Type': 'application/json', ...options.headers },
      }),
    upload: async (picture, key) => {
      const form = new FormData();
      form.append('file', new Blob([new Uint8Array(picture)]), 'picture.bin');
      const answer = await call('/api/uploads', {
        method: 'POST',
        body: form,
        ...(key ? { key } : {}),
      });
      if (answer.status !== 200) throw new Error(`Upload: ${answer.status} ${answer.text}`);
      return String(answer.json?.['image_url']);
    },
    balance: (accountId = main.accountId) => server.books.ledger.balance(accountId).total,
    stop: async () => {
      await server.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** Code of an error answer. */
export const codeOf = (answer: Answer): unknown =>
  (answer.json?.['error'] as Record<string, unknown> | undefined)?.['code'];
