/** Jobs with several files: delivered, taken back and recovered as one. */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { auditBooks } from '../../src/accounts/audit.ts';
import type { EngineTask } from '../../src/engine/protocol.ts';
import { recoverJobs } from '../../src/jobs/recovery.ts';
import { CREDITS, GENERATE, jobsFixture, writeResult } from './fixture.ts';

const { signal } = new AbortController();
const three = { ...GENERATE, count: 3 };

test('every picture lies on the CDN, for the price of all, in one result', async () => {
  const { service, payer, files, balance, states, results } = jobsFixture();
  const { result } = await service.run(three, payer, { signal });
  const names = [0, 1, 2].map((i) => `gen/${result.id.slice(4)}_${i}.png`);
  expect(result).toMatchObject({ creditsUsed: 3, packId: 'drawer', seed: 7 });
  expect(result.promptTokens).toEqual({ kept: 75, total: 90 });
  expect(result).not.toHaveProperty('source');
  expect(result.images.map(({ url }) => url)).toEqual(names.map((name) => results.urlOf(name)));
  expect(names.every((name) => existsSync(results.pathOf(name)))).toBe(true);
  expect(files()).toHaveLength(3);
  expect(balance()).toBe(CREDITS - 3);
  expect(states()).toEqual([{ state: 'settled', code: null }]);
});

test('all of them leave when their time has come', async () => {
  const { service, payer, clock, results, files } = jobsFixture({ retentionMs: 1000 });
  await service.run(three, payer, { signal });
  expect(await results.expire(clock.nowMs)).toBe(0);
  expect(await results.expire(clock.nowMs + 1000)).toBe(3);
  expect(files()).toEqual([]);
});

describe('one picture of three that fails takes the others back, and every credit is given back', () => {
  test.each([
    [
      'its file is not there',
      async (task: EngineTask) => {
        const made = await writeResult(task);
        await rm(made.files[2]!.path);
        return made;
      },
    ],
    [
      'it was not made',
      async (task: EngineTask) => {
        const made = await writeResult(task);
        return { ...made, files: made.files.slice(0, 2) };
      },
    ],
    [
      'the engine fails after two of them',
      async (task: EngineTask) => {
        await writeResult(task);
        throw new Error('The pack gave NaN or infinity.');
      },
    ],
  ])('%s', async (_name, engine) => {
    const { world, service, payer, files, balance, states, database } = jobsFixture();
    world.engine = engine;
    await expect(service.run(three, payer, { signal })).rejects.toThrow();
    expect(states()).toEqual([{ state: 'voided', code: 'internal_error' }]);
    expect(files()).toEqual([]);
    expect(balance()).toBe(CREDITS);
    expect(auditBooks(database)).toEqual([]);
  });
});

describe('a start after a kill', () => {
  /** A background job that was killed while its files went to the CDN: all but the last are there. */
  async function killedWhilePublishing() {
    const fixture = jobsFixture();
    const { world, service, payer, results, book } = fixture;
    const publish = results.publish.bind(results);
    let published = 0;
    let die = () => {};
    const dead = new Promise<void>((resolve) => {
      die = resolve;
    });
    results.publish = async (path, name) => {
      published += 1;
      if (published === 3) {
        die();
        await new Promise(() => undefined); // as if the process had ended
      }
      await publish(path, name);
    };
    const tasks: EngineTask[] = [];
    world.engine = (task) => {
      tasks.push(task);
      return writeResult(task);
    };
    const [id = ''] = (await service.submit([three], payer)).jobIds;
    await dead;
    results.publish = publish;
    const view = () => book.view(payer.accountId, id);
    return { ...fixture, id, view, tasks, publish };
  }

  test('makes the pictures again, with the seed that was drawn, when one was not stored', async () => {
    const fixture = await killedWhilePublishing();
    const { view, tasks, files, balance } = fixture;
    const { resumable, settled } = await recoverJobs(fixture);
    expect([resumable.length, settled]).toEqual([1, 0]);
    expect(files()).toEqual([]);
    for (const job of resumable) fixture.newService().resume(job);
    await expect.poll(() => view().state).toBe('completed');
    expect(tasks).toHaveLength(2);
    expect(tasks[1]?.operation).toEqual(tasks[0]?.operation);
    expect(view().result?.images).toHaveLength(3);
    expect(files()).toHaveLength(3);
    expect(balance()).toBe(CREDITS - 3);
    expect(auditBooks(fixture.database)).toEqual([]);
  });

  test('settles when all of them are whole', async () => {
    const fixture = await killedWhilePublishing();
    const { id, view, results, balance, publish } = fixture;
    const random = id.slice(4);
    const staged = `${results.stagingFolder}/${random}_2.png`;
    await publish(staged, `gen/${random}_2.png`);
    expect(await recoverJobs(fixture)).toMatchObject({ settled: 1, resumable: [] });
    expect(view()).toMatchObject({ state: 'completed', result: { seed: 7, creditsUsed: 3 } });
    expect(balance()).toBe(CREDITS - 3);
  });
});
