/** SIGTERM under load: every call that was taken in is answered whole, and nothing is left half done. */
import { randomUUID } from 'node:crypto';
import { request } from 'node:http';
import type { Caller } from './data-folder.ts';
import { type PromiseOptions, type PromiseReport, percentile, sleep, Trial } from './promise.ts';

const LANES = 6;
const MAX_LOAD_MS = 500;
const MAX_STOP_MS = 30_000;
const PAUSE_MS = 20;
const EXPECTED: readonly number[] = [200, 202, 503];

interface Sent {
  readonly key: string;
  /** Status of a whole answer; `cut` when it began but did not end; `none` when nothing came. */
  readonly outcome: number | 'cut' | 'none';
}

/** One call on a connection of its own, so that none is lost in a connection that was just closed. */
function send(url: string, caller: Caller, isAsync: boolean): Promise<Sent> {
  const key = randomUUID();
  return new Promise((resolve) => {
    const call = request(`${url}/api/remove-background`, {
      method: 'POST',
      agent: false,
      headers: {
        ...{ Authorization: `Bearer ${caller.key}`, 'Content-Type': 'application/json' },
        ...(isAsync ? { Prefer: 'respond-async' } : {}),
        'Idempotency-Key': key,
      },
    });
    call.on('error', () => resolve({ key, outcome: 'none' }));
    call.on('response', (answer) => {
      answer.on('error', () => resolve({ key, outcome: 'cut' }));
      answer.on('end', () => resolve({ key, outcome: answer.statusCode ?? 'cut' }));
      answer.resume();
    });
    call.end(JSON.stringify({ image_url: caller.imageUrl }));
  });
}

/** Calls without an answer although the server had taken them in. */
function unanswered(trial: Trial, sent: readonly Sent[]): number {
  return trial.folder.books(({ database }) => {
    const find = database.prepare<{ n: number }>(
      'SELECT COUNT(*) AS n FROM idempotency WHERE key = ?',
    );
    return sent.filter(({ key, outcome }) => outcome === 'none' && find.get(key)?.n !== 0).length;
  });
}

export const terminations = ({ rounds, seed }: PromiseOptions): Promise<PromiseReport> =>
  Trial.run(seed, async (trial) => {
    const caller = await trial.newCaller(1_000_000);
    const slow = await trial.withPicture(caller, 'slow');
    const stops: number[] = [];
    const counts: Record<string, number> = { 200: 0, 202: 0, 503: 0, none: 0 };
    for (let round = 0; round < rounds; round += 1) {
      const sent: Sent[] = [];
      let isStopped = false;
      const lanes = Array.from({ length: LANES }, async (_, lane) => {
        while (!isStopped) {
          const picked = trial.random() < 0.5 ? caller : slow;
          const call = await send(trial.url, picked, lane % 3 === 0);
          sent.push(call);
          if (call.outcome === 'none') await sleep(PAUSE_MS);
        }
      });
      await sleep(trial.random() * MAX_LOAD_MS);
      const startedMs = performance.now();
      const exit = await trial.server.stop();
      stops.push(performance.now() - startedMs);
      isStopped = true;
      await Promise.all(lanes);
      trial.expect(exit === 0, `round ${round}: ended with ${exit}`);
      for (const { outcome } of sent) counts[outcome] = (counts[outcome] ?? 0) + 1;
      const odd = sent.filter(
        ({ outcome }) => outcome !== 'none' && !EXPECTED.includes(Number(outcome)),
      );
      trial.expect(odd.length === 0, `round ${round}: ${odd.map(({ outcome }) => outcome)}`);
      const lost = unanswered(trial, sent);
      trial.expect(lost === 0, `round ${round}: ${lost} calls were taken in and not answered`);
      const left = trial.folder.count("is_async = 0 AND state NOT IN ('settled', 'voided')");
      trial.expect(left === 0, `round ${round}: ${left} synchronous jobs stay unfinished`);
      await trial.restart();
    }
    const longestMs = percentile(stops, 1);
    trial.expect(longestMs <= MAX_STOP_MS, `a stop took ${Math.round(longestMs)} ms`);
    return {
      done: `${rounds} SIGTERMs under load of ${LANES} lanes`,
      figures: {
        ...Object.fromEntries(
          Object.entries(counts).map(([name, count]) => [`got_${name}`, count]),
        ),
        stopMedianMs: Math.round(percentile(stops, 0.5)),
        stopLongestMs: Math.round(longestMs),
      },
      violations: trial.violations,
    };
  });
