/** What `garnish run` shows on a terminal. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { clockText, type FileOutcome, RunReport } from '../../src/cli/run/report.ts';

let output = '';

beforeEach(() => {
  output = '';
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    output += String(text);
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const done = (source: string): FileOutcome => ({
  state: 'done',
  ...{ source, output: 'x.png', sha256: '', widthPx: 1, heightPx: 1, tookMs: 1 },
});

test('a bar with count, rate and time left; failures stand above it, and again at the end', () => {
  const report = new RunReport('bar');
  report.expect(10);
  report.tell({ state: 'skipped', source: '/0', output: 'x.png' });
  vi.advanceTimersByTime(2_000);
  for (const source of ['/1', '/2', '/3']) report.tell(done(source));
  report.tell({ state: 'failed', source: '/4', code: 'invalid_image', reason: 'no picture' });
  vi.advanceTimersByTime(2_000);
  const frames = output.split('\r');
  expect(frames).toContain('[##......................] 1/10, 0.00/s\u001b[K');
  expect(frames).toContain('\u001b[Kfailed  /4: no picture\n');
  expect(frames.at(-1)).toBe(
    '[############............] 5/10, 1.00/s, 0:05 left, 1 failed\u001b[K',
  );
  output = '';
  report.end();
  expect(output).toBe(
    '\r\u001b[K3 done, 1 skipped (done before), 1 failed, 5 not begun, in 0:04\n' +
      'Failed:\n  /4: no picture\n',
  );
  vi.advanceTimersByTime(2_000);
  expect(output).toMatch(/no picture\n$/); // no bar comes after the end
});

test.each([
  [0, '0:00'],
  [59.6, '1:00'],
  [725, '12:05'],
  [3_725, '1:02:05'],
])('%d seconds are %s', (seconds, text) => {
  expect(clockText(seconds)).toBe(text);
});
