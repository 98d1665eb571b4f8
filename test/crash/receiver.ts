/** A receiver of webhooks that outlives the server: at least once for each job that ended, and signed. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import type { Caller, DataFolder } from './data-folder.ts';

interface Told {
  readonly type: string;
  readonly data: { readonly id: string };
}

/** Of so many requests one is answered with 500, each event at most once: the pause after a third failure is two minutes. */
const FAIL_EVERY = 50;

/** Listens on loopback and remembers what it was told. */
export class Receiver {
  readonly #server: Server;
  readonly #secrets = new Map<string, string>();
  /** Events by job. */
  readonly #told = new Map<string, Set<string>>();
  readonly violations: string[] = [];
  readonly #refused = new Set<string>();
  #received = 0;

  private constructor() {
    this.#server = createServer((req, res) => {
      let body = '';
      req.on('data', (part: Buffer) => {
        body += part.toString();
      });
      req.on('end', () => {
        this.#received += 1;
        const event = String(req.headers['webhook-id']);
        const isRefused = this.#received % FAIL_EVERY === 0 && !this.#refused.has(event);
        if (isRefused) this.#refused.add(event);
        else this.#note(req.url ?? '', body, req.headers as Record<string, string>);
        res.writeHead(isRefused ? 500 : 204).end();
      });
    });
  }

  static async listen(): Promise<Receiver> {
    const receiver = new Receiver();
    receiver.#server.listen(0, '127.0.0.1');
    await once(receiver.#server, 'listening');
    return receiver;
  }

  /** Where it is, as `GARNISH_FETCH_ALLOW` wants it. */
  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Requests in all, repeated ones too. */
  get received(): number {
    return this.#received;
  }

  /** Jobs it was told of. */
  get jobs(): number {
    return this.#told.size;
  }

  /** Let a caller's account tell it. */
  async watch(url: string, { accountId, key }: Caller): Promise<void> {
    const answer = await fetch(`${url}/api/webhooks`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ url: `http://${this.host}/${accountId}` }),
    });
    const { secret } = (await answer.json()) as { secret?: string };
    if (secret === undefined) throw new Error(`No webhook: ${answer.status}`);
    this.#secrets.set(`/${accountId}`, secret);
  }

  #note(path: string, body: string, headers: Record<string, string>): void {
    try {
      new Webhook(this.#secrets.get(path) ?? '').verify(body, headers);
    } catch (error) {
      this.violations.push(`an event without a valid signature: ${String(error)}`);
    }
    const { type, data } = JSON.parse(body) as Told;
    this.#told.set(data.id, (this.#told.get(data.id) ?? new Set()).add(type));
  }

  /** Jobs that ended in the background and were told otherwise than once, or not as they ended. */
  broken(folder: DataFolder): readonly string[] {
    const wrong: string[] = [];
    for (const { id, state, isAsync } of folder.jobs()) {
      const told = [...(this.#told.get(id) ?? [])];
      if (isAsync === 0 && told.length > 0) wrong.push(`${id} was waited for, and told ${told}.`);
      if (isAsync === 0) continue;
      const isRight = state === 'settled' ? /^job\.completed$/ : /^job\.(failed|cancelled)$/;
      if (told.length !== 1 || !isRight.test(told[0] ?? '')) {
        wrong.push(`${id} is ${state} and was told as ${told.join(', ') || 'nothing'}.`);
      }
    }
    return wrong;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
