import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nextMonthStart, periodOf } from '../../src/accounts/ledger.ts';
import { codeOf } from './caught.ts';
import { MARCH, openTestBooks, type TestBooks, testBooks } from './fixture.ts';

const DAY_MS = 86_400_000;
const ALLOWANCE = 20; // the starter plan's

type Step =
  | { readonly do: 'grant' | 'reserve'; readonly credits: number }
  | { readonly do: 'settle' | 'void'; readonly pick: number }
  | { readonly do: 'move'; readonly days: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('grant' as const), credits: fc.integer({ min: 1, max: 30 }) }),
  fc.record({ do: fc.constant('reserve' as const), credits: fc.integer({ min: 0, max: 15 }) }),
  fc.record({ do: fc.constant('settle' as const), pick: fc.nat() }),
  fc.record({ do: fc.constant('void' as const), pick: fc.nat() }),
  fc.record({ do: fc.constant('move' as const), days: fc.integer({ min: -40, max: 70 }) }),
);

interface ModelJob {
  readonly id: string;
  readonly monthly: number;
  readonly granted: number;
  readonly period: string;
  isFinal: boolean;
}

/** What the books should hold, told a second way: two numbers and a month. */
class Model {
  readonly jobs: ModelJob[] = [];
  monthly = ALLOWANCE;
  granted = 0;
  #period: string;

  constructor(nowMs: number) {
    this.#period = periodOf(nowMs);
  }

  renew(nowMs: number): void {
    if (periodOf(nowMs) <= this.#period) return;
    this.#period = periodOf(nowMs);
    this.monthly = ALLOWANCE;
  }

  reserve(id: string, credits: number): void {
    const monthly = Math.min(credits, this.monthly);
    const granted = credits - monthly;
    this.monthly -= monthly;
    this.granted -= granted;
    this.jobs.push({ id, monthly, granted, period: this.#period, isFinal: false });
  }

  void(job: ModelJob): void {
    this.granted += job.granted;
    if (job.period === this.#period) this.monthly += job.monthly;
  }
}

function finish(
  books: TestBooks,
  model: Model,
  accountId: string,
  asked: { readonly do: 'settle' | 'void'; readonly pick: number },
): void {
  const job = model.jobs[asked.pick % Math.max(1, model.jobs.length)];
  if (job === undefined) return;
  const act = () => books.ledger[asked.do](job.id, accountId);
  if (job.isFinal) {
    const before = books.ledger.history(accountId);
    expect(act).toThrow(/UNIQUE/);
    expect(books.ledger.history(accountId)).toEqual(before);
    return;
  }
  act();
  job.isFinal = true;
  if (asked.do === 'settle') return;
  model.renew(books.clock.nowMs);
  model.void(job);
}

function reserve(books: TestBooks, model: Model, accountId: string, credits: number): void {
  const before = books.ledger.balance(accountId).total;
  model.renew(books.clock.nowMs);
  if (before < credits) {
    expect(codeOf(() => books.reserve(accountId, credits))).toBe('insufficient_credits');
  } else {
    model.reserve(books.reserve(accountId, credits), credits);
  }
}

function take(books: TestBooks, model: Model, accountId: string, next: Step): void {
  switch (next.do) {
    case 'grant':
      books.ledger.grant(accountId, next.credits, 'test');
      model.granted += next.credits;
      return;
    case 'reserve':
      reserve(books, model, accountId, next.credits);
      return;
    case 'settle':
    case 'void':
      finish(books, model, accountId, next);
      return;
    case 'move':
      books.clock.nowMs += next.days * DAY_MS;
      return;
    default:
      next satisfies never;
  }
}

test('whatever happens, the entries add up to the balance and no bucket is below zero', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const books = openTestBooks();
      try {
        const { id } = books.accounts.create({ plan: 'starter' }, MARCH);
        const model = new Model(MARCH);
        for (const next of steps) {
          take(books, model, id, next);
          const balance = books.ledger.balance(id);
          model.renew(books.clock.nowMs);
          const sum = books.ledger.history(id).reduce((total, { amount }) => total + amount, 0);
          expect(balance.total).toBe(sum);
          expect(balance).toMatchObject({ monthly: model.monthly, granted: model.granted });
          expect(Math.min(balance.monthly, balance.granted)).toBeGreaterThanOrEqual(0);
        }
      } finally {
        books.database.close();
      }
    }),
    { seed: 20260315, numRuns: 150 },
  );
});

test('200 reserves on a balance of one credit give exactly one success', () => {
  const books = testBooks();
  const { id } = books.accounts.create({ plan: 'starter', credits: 1 }, MARCH);
  const answers = Array.from({ length: 200 }, () => codeOf(() => books.reserve(id, 1)));
  expect(answers.filter((code) => code === undefined)).toHaveLength(1);
  expect(answers.filter((code) => code === 'insufficient_credits')).toHaveLength(199);
  expect(books.ledger.balance(id).total).toBe(0);
});

describe('renewal', () => {
  test('on the first of the month the bucket is set, not added to, and grants stay', () => {
    const books = testBooks();
    const { id } = books.accounts.create({ plan: 'starter' }, MARCH);
    books.ledger.grant(id, 5, 'thanks');
    books.ledger.settle(books.reserve(id, 3), id);
    books.clock.nowMs = nextMonthStart(MARCH) - 1;
    expect(books.ledger.balance(id)).toEqual({ total: 22, monthly: 17, granted: 5 });
    books.clock.nowMs += 1;
    expect(books.ledger.balance(id)).toEqual({ total: 25, monthly: 20, granted: 5 });
    expect(books.ledger.balance(id).total).toBe(25);
  });

  test('months without a call give one allowance, not one each', () => {
    const books = testBooks();
    const { id } = books.accounts.create({ plan: 'starter' }, MARCH);
    books.clock.nowMs = Date.UTC(2026, 8, 2);
    expect(books.ledger.balance(id).monthly).toBe(ALLOWANCE);
    expect(books.ledger.history(id).filter(({ kind }) => kind === 'renewal')).toHaveLength(1);
  });

  test('a monthly credit voided in a later month has expired, a granted one comes back', () => {
    const books = testBooks();
    const { id } = books.accounts.create({ plan: 'starter' }, MARCH);
    books.ledger.grant(id, 5, 'thanks');
    const job = books.reserve(id, 23);
    books.clock.nowMs = nextMonthStart(MARCH);
    expect(books.ledger.balance(id)).toMatchObject({ monthly: 20, granted: 2 });
    books.ledger.void(job, id);
    expect(books.ledger.balance(id)).toEqual({ total: 25, monthly: 20, granted: 5 });
  });

  test('a clock that goes back renews nothing, and neither does its way forward again', () => {
    const books = testBooks();
    const { id } = books.accounts.create({ plan: 'starter' }, MARCH);
    books.ledger.settle(books.reserve(id, 4), id);
    for (const days of [-30, 5, 25]) {
      books.clock.nowMs += days * DAY_MS;
      expect(books.ledger.balance(id).total).toBe(16);
    }
  });

  test('an opening balance is exact; the allowance starts with the next month', () => {
    const books = testBooks();
    const { id } = books.accounts.create({ plan: 'growth', credits: 7 }, MARCH);
    expect(books.ledger.balance(id)).toEqual({ total: 7, monthly: 0, granted: 7 });
    books.clock.nowMs = nextMonthStart(MARCH);
    expect(books.ledger.balance(id)).toEqual({ total: 107, monthly: 100, granted: 7 });
  });

  test('an opening balance of zero writes no entry', () => {
    const books = testBooks();
    const { id } = books.accounts.create({ plan: 'growth', credits: 0 }, MARCH);
    expect(books.ledger.balance(id).total).toBe(0);
    expect(books.ledger.history(id)).toEqual([]);
  });

  test('a cancelled account keeps its grants and gets no further allowance', () => {
    const books = testBooks();
    const { id } = books.accounts.create({ plan: 'starter' }, MARCH);
    books.ledger.grant(id, 5, 'thanks');
    books.accounts.setStatus(id, 'cancelled');
    expect(books.ledger.balance(id).monthly).toBe(20);
    books.clock.nowMs = nextMonthStart(MARCH);
    expect(books.ledger.balance(id)).toEqual({ total: 5, monthly: 0, granted: 5 });
  });

  test("a new plan's allowance follows next month; an own allowance goes before the plan's", () => {
    const books = testBooks();
    const { id } = books.accounts.create({ plan: 'starter' }, MARCH);
    const own = books.accounts.create({ plan: 'starter', allowance: 3 }, MARCH);
    books.accounts.setPlan(id, 'growth');
    expect(books.ledger.balance(id).total).toBe(20);
    expect(books.ledger.balance(own.id).total).toBe(3);
    books.clock.nowMs = nextMonthStart(MARCH);
    expect(books.ledger.balance(id).total).toBe(100);
  });
});

test('credits used this month count settled jobs of this month only', () => {
  const books = testBooks();
  const { id } = books.accounts.create({ plan: 'starter' }, MARCH);
  books.ledger.settle(books.reserve(id, 2), id);
  books.ledger.void(books.reserve(id, 3), id);
  books.reserve(id, 4);
  expect(books.ledger.usedThisMonth(id)).toBe(2);
  books.clock.nowMs = nextMonthStart(MARCH);
  expect(books.ledger.usedThisMonth(id)).toBe(0);
  expect(books.ledger.nextRenewal()).toBe(Date.UTC(2026, 4, 1));
});

test('neither a balance nor a month is summed over the history of an account', () => {
  const { database, accounts, ledger, reserve } = testBooks();
  const { id } = accounts.create({ plan: 'starter' }, MARCH);
  ledger.settle(reserve(id, 2), id);
  database.prepare("UPDATE balances SET amount = 7 WHERE bucket = 'monthly'").run();
  database.prepare('UPDATE settled_months SET credits = 9').run();
  expect(ledger.balance(id).monthly).toBe(7);
  expect(ledger.usedThisMonth(id)).toBe(9);
});

test('the monthly bucket is used before the granted one', () => {
  const books = testBooks();
  const { id } = books.accounts.create({ plan: 'starter' }, MARCH);
  books.ledger.grant(id, 5, 'thanks');
  books.reserve(id, 22);
  expect(books.ledger.balance(id)).toEqual({ total: 3, monthly: 0, granted: 3 });
});
