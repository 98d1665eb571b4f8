import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { auditBooks } from '../../src/accounts/audit.ts';
import type { JobTicket } from '../../src/jobs/job-ticket.ts';
import { recoverJobs } from '../../src/jobs/recovery.ts';
import type { JobState } from '../../src/jobs/states.ts';
import { CREDITS, jobsFixture, PIXELS, writeResult } from './fixture.ts';

type Fixture = ReturnType<typeof jobsFixture>;

/** A job as a killed server leaves it; a published one with its file still in the staging folder. */
async function leaveIn(fixture: Fixture, state: JobState) {
  const { ledger, results } = fixture;
  const ticket: JobTicket = fixture.reserve();
  const name = `nobg/${ticket.random}.png`;
  if (state === 'reserved') return { name, file: undefined };
  ledger.advance(ticket.id, 'queued');
  if (state === 'queued') return { name, file: undefined };
  ledger.advance(ticket.id, 'running');
  if (state === 'running') return { name, file: undefined };
  const made = await writeResult({
    taskId: ticket.id,
    operation: { operation: 'inspect' },
    sourcePath: '',
    outputStem: join(results.stagingFolder, ticket.random),
  });
  const file = made.files[0]!;
  const size = { widthPx: 1, heightPx: 1 };
  const result = {
    id: ticket.id,
    createdAtMs: ticket.createdAtMs,
    creditsUsed: ticket.costCredits,
    packId: 'pack',
    source: size,
    images: [{ url: results.urlOf(name), format: file.format, size }] as const,
  };
  ledger.publishing(ticket, result, [{ name, bytes: file.bytes, sha256: file.sha256 }]);
  return { name, file };
}

const recover = (fixture: Fixture) => recoverJobs(fixture);

describe('a start after a kill', () => {
  test.each(['reserved', 'queued', 'running'] as const)('voids a %s job', async (state) => {
    const fixture = jobsFixture();
    await leaveIn(fixture, state);
    expect(fixture.balance()).toBe(CREDITS - 1);
    expect(await recover(fixture)).toMatchObject({ settled: 0, voided: 1, resumable: [] });
    expect(fixture.states()).toEqual([{ state: 'voided', code: 'internal_error' }]);
    expect(fixture.balance()).toBe(CREDITS);
  });

  test('settles a published job whose file is whole', async () => {
    const fixture = jobsFixture();
    const { name, file } = await leaveIn(fixture, 'published');
    await fixture.results.publish(file!.path, name);
    expect(await recover(fixture)).toMatchObject({ settled: 1, voided: 0, resumable: [] });
    expect(fixture.states()).toEqual([{ state: 'settled', code: null }]);
    expect(fixture.balance()).toBe(CREDITS - 1);
    expect(fixture.results.status(name, fixture.clock.nowMs)).toBe('present');
  });

  test('voids a published job whose file is damaged, and removes it', async () => {
    const fixture = jobsFixture();
    const { name, file } = await leaveIn(fixture, 'published');
    await fixture.results.publish(file!.path, name);
    await writeFile(fixture.results.pathOf(name), PIXELS.subarray(1));
    expect(await recover(fixture)).toMatchObject({ settled: 0, voided: 1, resumable: [] });
    expect(existsSync(fixture.results.pathOf(name))).toBe(false);
    expect(fixture.results.status(name, fixture.clock.nowMs)).toBe('unknown');
    expect(fixture.balance()).toBe(CREDITS);
  });

  test('voids a published job whose file never left the staging folder', async () => {
    const fixture = jobsFixture();
    await leaveIn(fixture, 'published');
    expect(await recover(fixture)).toMatchObject({ settled: 0, voided: 1, resumable: [] });
    expect(fixture.balance()).toBe(CREDITS);
  });

  test('ends every job once, and a second start finds none', async () => {
    const fixture = jobsFixture();
    const whole = await leaveIn(fixture, 'published');
    await fixture.results.publish(whole.file!.path, whole.name);
    for (const state of ['reserved', 'running', 'published', 'queued'] as const) {
      await leaveIn(fixture, state);
    }
    expect(await recover(fixture)).toMatchObject({ settled: 1, voided: 4, resumable: [] });
    expect(fixture.logged).toEqual(['jobs-recovered']);
    expect(auditBooks(fixture.database)).toEqual([]);
    expect(await recover(fixture)).toMatchObject({ settled: 0, voided: 0, resumable: [] });
    expect(fixture.balance()).toBe(CREDITS - 1);
  });
});
