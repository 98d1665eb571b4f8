/** A server in Berlin at the hour that is skipped in spring and at the one that comes twice in autumn. */
import { fakeClock, NO_FAKE_CLOCK } from './fake-clock.ts';
import { LimitedCaller } from './limited-caller.ts';
import { type PromiseOptions, type PromiseReport, Trial } from './promise.ts';

const MARCH = 2;
const OCTOBER = 9;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** From the start of a process to the change: time to start on a busy machine. */
const LEAD_MS = 10_000;
const AFTER_MS = 2_000;

/** When the clocks of the European Union change next in a month: its last Sunday, 01:00 UTC. */
function nextChange(month: number, nowMs: number): number {
  const yearOf = new Date(nowMs).getUTCFullYear();
  const changes = [yearOf, yearOf + 1].map((year) => {
    const lastDay = Date.UTC(year, month + 1, 0);
    return lastDay - new Date(lastDay).getUTCDay() * DAY_MS + HOUR_MS;
  });
  return changes.find((changeMs) => changeMs > nowMs + LEAD_MS) ?? Number.NaN;
}

/** Calls over the change. */
async function callOver(trial: Trial, changeMs: () => number) {
  const caller = await trial.newCaller(1000);
  const first = await trial.call(caller); // the month of that day begins with it
  trial.expect(first?.status === 200, `the first call: ${first?.status} ${first?.code}`);
  const before = trial.balance(caller);
  let [delivered, over] = [0, 0];
  const isUtc = await LimitedCaller.endOfDay(trial);
  while (changeMs() > -AFTER_MS) {
    const isBefore = changeMs() > 0;
    const answer = await trial.call(caller);
    trial.expect(answer?.status === 200, `answered ${answer?.status} ${answer?.code}`);
    if (answer?.status === 200) delivered += 1;
    if (!isBefore) over += 1;
  }
  trial.expect(
    isUtc && (await LimitedCaller.endOfDay(trial)),
    'a day does not end at midnight UTC',
  );
  const paid = before - trial.balance(caller);
  trial.expect(paid === delivered, `${delivered} results, ${paid} credits`);
  const backwards = trial.folder.count('finished_at < started_at OR started_at < created_at');
  trial.expect(backwards === 0, `${backwards} jobs end before they begin`);
  trial.expect(over > 0, 'nobody called after the change');
  return { delivered, over };
}

/** Both changes, whatever the rounds. */
export async function daylightSaving({ seed }: PromiseOptions): Promise<PromiseReport> {
  const clock = fakeClock();
  if (clock === undefined) return { done: '', figures: {}, violations: [], skipped: NO_FAKE_CLOCK };
  const figures: Record<string, number> = {};
  const violations: string[] = [];
  try {
    for (const [season, month] of [
      ['spring', MARCH],
      ['autumn', OCTOBER],
    ] as const) {
      const changeMs = performance.now() + LEAD_MS;
      const offsetMs = nextChange(month, Date.now()) - LEAD_MS - Date.now();
      clock.jump(`+${Math.round(offsetMs / 1000)}`);
      const work = async (trial: Trial) => {
        const left = () => changeMs - performance.now();
        const { delivered, over } = await callOver(trial, left);
        figures[`${season}Delivered`] = delivered;
        figures[`${season}AfterTheChange`] = over;
        return trial;
      };
      const env = { ...clock.env, TZ: 'Europe/Berlin' };
      violations.push(...(await Trial.run(seed, work, { env })).violations);
    }
  } finally {
    clock.remove();
  }
  return { done: 'calls over both changes of the clocks, in Berlin', figures, violations };
}
