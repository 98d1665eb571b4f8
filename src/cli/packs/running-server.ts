/** Commands that speak to the server while it runs, as an operator with a key for it. */
import { loadConfig } from '../../config.ts';

/** Where the server is and who asks. */
export interface ServerOptions {
  readonly url?: string;
  readonly key?: string;
}

const TIMEOUT_MS = 10 * 60_000;
/** Addresses to listen on that are none to call. */
const LOCAL: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

/** The address that the settings say the admin routes have. */
function defaultUrl(config: ReturnType<typeof loadConfig>): string {
  const listensOn = config.adminHost ?? config.host;
  const port = config.adminPort ?? config.port;
  if (port === 0) throw new Error('The settings let the server pick a port; name it with --url.');
  const host = LOCAL[listensOn] ?? listensOn;
  const scheme = config.tlsCert === undefined ? 'http' : 'https';
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** Why no answer came: the innermost reason that the network gave. */
function reasonOf(error: unknown): string {
  const { cause } = error as Error;
  return cause instanceof Error && cause.message !== '' ? cause.message : (error as Error).message;
}

async function read(response: Response, path: string): Promise<unknown> {
  const text = await response.text();
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw new Error(`${path} answered ${response.status} and no JSON. Is it this server?`);
  }
  if (response.ok) return body;
  const { error } = body as { error?: { code?: string; message?: string } };
  throw new Error(`${error?.message ?? text} (${response.status} ${error?.code ?? 'unknown'})`);
}

/**
 * Call an admin route.
 * @throws Error in one plain line when there is no key, no server, or it refuses.
 */
export async function callServer(
  options: ServerOptions,
  call: { readonly method: 'GET' | 'POST'; readonly path: string; readonly body?: object },
): Promise<unknown> {
  const config = loadConfig();
  const key = options.key ?? config.apiKey;
  if (key === undefined) {
    throw new Error(
      'A key with the scope admin is needed: --key or GARNISH_API_KEY (garnish keys create --scopes admin).',
    );
  }
  const base = (options.url ?? defaultUrl(config)).replace(/\/+$/, '');
  let response: Response;
  try {
    response = await fetch(`${base}${call.path}`, {
      method: call.method,
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
      headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' },
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
    });
  } catch (error) {
    throw new Error(`No server answers on ${base}: ${reasonOf(error)}. Does it run?`, {
      cause: error,
    });
  }
  return read(response, `${base}${call.path}`);
}
