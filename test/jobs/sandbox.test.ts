/** Jobs of a sandbox key: they hold nothing, cost nothing, and leave books that add up. */
import { expect, test } from 'vitest';
import { auditBooks } from '../../src/accounts/audit.ts';
import { loadPrices } from '../../src/accounts/prices.ts';
import type { EngineTask } from '../../src/engine/protocol.ts';
import { idempotencyToken } from '../../src/jobs/idempotency.ts';
import { planJob } from '../../src/jobs/plan.ts';
import { recoverJobs } from '../../src/jobs/recovery.ts';
import { CREDITS, jobsFixture, PACKS, REQUEST, writeResult } from './fixture.ts';

const { signal } = new AbortController();

/** The fixture with a sandbox payer of its own account, or of a new one without a credit. */
function sandboxFixture() {
  const fixture = jobsFixture();
  const tasks: EngineTask[] = [];
  fixture.world.engine = (task) => {
    tasks.push(task);
    return writeResult(task);
  };
  const sandbox = fixture.newSandboxPayer(fixture.payer.accountId);
  const entriesOf = (kind: 'reserve' | 'void') =>
    fixture.database.prepare('SELECT * FROM ledger WHERE kind = ?').all(kind);
  const outcomes = () =>
    fixture.database.prepare('SELECT outcome, cost_credits AS cost FROM job_outcomes').all();
  return { ...fixture, sandbox, tasks, entriesOf, outcomes };
}

test('a delivered one is free and the engine is told to mark it, unlike a paid one', async () => {
  const { service, sandbox, payer, tasks, balance, jobs, database, entriesOf, outcomes } =
    sandboxFixture();
  const { result } = await service.run(REQUEST, sandbox, { signal });
  expect(result.creditsUsed).toBe(0);
  expect(balance()).toBe(CREDITS);
  expect(entriesOf('reserve')).toEqual([]);
  expect(outcomes()).toEqual([{ outcome: 'settled', cost: 0 }]);
  expect(jobs.get(result.id)?.isSandbox).toBe(1);
  const paid = await service.run(REQUEST, payer, { signal });
  expect(jobs.get(paid.result.id)?.isSandbox).toBe(0);
  expect(tasks.map(({ isWatermarked }) => isWatermarked)).toEqual([true, false]);
  expect(auditBooks(database)).toEqual([]);
});

test('a failed one is voided, and nothing is given back that was not held', async () => {
  const { service, sandbox, world, balance, database, entriesOf, outcomes, states } =
    sandboxFixture();
  world.engine = () => Promise.reject(new Error('died'));
  await expect(service.run(REQUEST, sandbox, { signal })).rejects.toThrow();
  expect(states()).toMatchObject([{ state: 'voided' }]);
  expect(outcomes()).toEqual([{ outcome: 'voided', cost: 0 }]);
  expect(entriesOf('void')).toEqual([]);
  expect(balance()).toBe(CREDITS);
  expect(auditBooks(database)).toEqual([]);
});

test('one that a kill cut off is voided at the next start', async () => {
  const fixture = sandboxFixture();
  const { ledger, sandbox, database, balance, outcomes } = fixture;
  const plan = planJob(REQUEST, sandbox, PACKS, loadPrices());
  fixture.reserveFor(plan, sandbox);
  expect(balance()).toBe(CREDITS);
  expect(await recoverJobs({ ...fixture, ledger })).toMatchObject({ voided: 1 });
  expect(outcomes()).toEqual([{ outcome: 'voided', cost: 0 }]);
  expect(balance()).toBe(CREDITS);
  expect(auditBooks(database)).toEqual([]);
});

test('an idempotency key of one says nothing about a paid call, also with another body', async () => {
  const { service, sandbox, payer } = sandboxFixture();
  const token = (body: unknown) => idempotencyToken('order-1', 'remove-background', body);
  const runAs = (by: typeof payer, body: unknown) =>
    service.run(REQUEST, by, { signal, idempotency: token(body) });
  const free = await runAs(sandbox, 1);
  const paid = await runAs(payer, 2);
  expect([free.isReplay, paid.isReplay]).toEqual([false, false]);
  expect(await runAs(sandbox, 1)).toEqual({ result: free.result, isReplay: true });
  expect(await runAs(payer, 2)).toEqual({ result: paid.result, isReplay: true });
  await expect(runAs(payer, 1)).rejects.toMatchObject({ code: 'idempotency_conflict' });
});

test('the audit finds one that holds credits', async () => {
  const { sandbox, payer, database, reserveFor } = sandboxFixture();
  const paid = planJob(REQUEST, payer, PACKS, loadPrices());
  const id = reserveFor(paid, sandbox);
  expect(auditBooks(database)).toContain(`${id} is a sandbox job but costs credits.`);
});
