/** Callers at the limit of their rate windows, who must be let in again when a minute has passed. */
import type { Trial } from './promise.ts';

const PER_MINUTE = 3;
const MINUTE_S = 60;
const DAY_S = 86_400;

/** A limit for callers without a key that one of them reaches. */
export const STRICT = { GARNISH_ANONYMOUS_PER_MINUTE: String(PER_MINUTE) } as const;

interface Answer {
  readonly status: number;
  readonly retryAfterS: number;
  readonly resetUnixS: number;
}

/** Somebody who asks for the models. */
export class LimitedCaller {
  readonly #trial: Trial;
  readonly #name: string;
  readonly #headers: Readonly<Record<string, string>>;
  #firstMs = Number.POSITIVE_INFINITY;

  private constructor(trial: Trial, name: string, headers: Readonly<Record<string, string>>) {
    this.#trial = trial;
    this.#name = name;
    this.#headers = headers;
  }

  /** One with a key and one without. */
  static pair(trial: Trial): readonly LimitedCaller[] {
    const key = trial.folder.books(({ accounts, keys }) => {
      const limits = { perMinute: PER_MINUTE, perDay: 'none' } as const;
      const { id } = accounts.create({ plan: 'pro', ...limits }, Date.now());
      return keys.create(id).key;
    });
    return [
      new LimitedCaller(trial, 'account', { Authorization: `Bearer ${key}` }),
      new LimitedCaller(trial, 'address', {}),
    ];
  }

  async #ask(): Promise<Answer> {
    const answer = await fetch(`${this.#trial.url}/api/models`, { headers: this.#headers });
    await answer.arrayBuffer();
    return {
      status: answer.status,
      retryAfterS: Number(answer.headers.get('retry-after')),
      resetUnixS: Number(answer.headers.get('x-ratelimit-reset')),
    };
  }

  /** Use up the window. */
  async exhaust(): Promise<void> {
    this.#firstMs = performance.now();
    for (let i = 0; i < PER_MINUTE; i += 1) await this.#ask();
    this.#trial.expect((await this.#ask()).status === 429, `${this.#name}: no limit`);
  }

  /** Ask once; whoever is refused is asked to wait a minute at most. */
  async knock(when: string): Promise<void> {
    const { status, retryAfterS } = await this.#ask();
    const isPromised = status === 200 || (retryAfterS >= 1 && retryAfterS <= MINUTE_S);
    this.#trial.expect(isPromised, `${this.#name}, ${when}: ${status}, wait ${retryAfterS} s`);
  }

  /** Wait until it is let in. @returns Seconds since it used up its window. */
  async letIn(): Promise<number> {
    for (;;) {
      const { status } = await this.#ask();
      const waitedS = (performance.now() - this.#firstMs) / 1000;
      const isLate = waitedS > 2 * MINUTE_S;
      if (isLate) this.#trial.expect(false, `${this.#name}: still shut out after ${waitedS} s`);
      if (status === 200 || isLate) return waitedS;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }

  /** Whether the day of a caller with a limit for each day ends at midnight UTC. */
  static async endOfDay(trial: Trial): Promise<boolean> {
    const key = trial.folder.books(({ accounts, keys }) => {
      const limits = { perMinute: 'none', perDay: 1000 } as const;
      return keys.create(accounts.create({ plan: 'pro', ...limits }, Date.now()).id).key;
    });
    const caller = new LimitedCaller(trial, 'day', { Authorization: `Bearer ${key}` });
    return (await caller.#ask()).resetUnixS % DAY_S === 0;
  }
}
