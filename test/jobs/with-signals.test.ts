/** Signals joined for the time of some work, which leave nothing behind in those that live on. */
import { getEventListeners } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { expect, it, onTestFinished } from 'vitest';
import { withSignals } from '../../src/jobs/with-signals.ts';

/** Ends when its signal fires, with the reason. */
const untilAborted = (signal: AbortSignal) =>
  new Promise<unknown>((resolve) => {
    if (signal.aborted) resolve(signal.reason);
    signal.addEventListener('abort', () => resolve(signal.reason), { once: true });
  });

it('fires with the reason of the first that fires', async () => {
  const [one, other] = [new AbortController(), new AbortController()];
  const ended = withSignals([one.signal, other.signal], untilAborted);
  other.abort('other');
  one.abort('one');
  expect(await ended).toBe('other');
});

it('has fired where one of them has', async () => {
  const sources = [new AbortController().signal, AbortSignal.abort('before')];
  expect(await withSignals(sources, async (signal) => signal.reason)).toBe('before');
});

it('leaves no listener behind, whatever the end', async () => {
  const long = new AbortController();
  for (let job = 0; job < 20; job += 1) {
    await withSignals([long.signal, new AbortController().signal], async () => job);
    const failing = withSignals([long.signal], () => Promise.reject(new Error('failed')));
    await expect(failing).rejects.toThrow('failed');
  }
  expect(getEventListeners(long.signal, 'abort')).toEqual([]);
});

it('many works at once on one signal are no reason for a warning', async () => {
  const warnings: Error[] = [];
  const note = (warning: Error) => warnings.push(warning);
  process.on('warning', note);
  onTestFinished(() => void process.off('warning', note));
  const long = new AbortController();
  const works = Array.from({ length: 30 }, () => withSignals([long.signal], untilAborted));
  await new Promise((resolve) => setTimeout(resolve, 20));
  long.abort('stop');
  expect(await Promise.all(works)).toEqual(Array.from({ length: 30 }, () => 'stop'));
  expect(warnings).toEqual([]);
});

it('no signal that lives as long as the server is a source of AbortSignal.any', () => {
  const folder = new URL('../../src/', import.meta.url);
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /^(jobs|http|engine|results|accounts)\/.*\.ts$/.test(name),
  );
  const uses = files.flatMap((name) => {
    const text = readFileSync(new URL(name, folder), 'utf8');
    return [...text.matchAll(/AbortSignal\.any\(\[([^\]]*)\]/g)].map(([, sources]) => sources);
  });
  expect(uses.length).toBeGreaterThan(0);
  expect(uses.filter((sources) => sources?.includes('this.#'))).toEqual([]);
});
