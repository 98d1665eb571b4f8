/**
 * What a device does before it is ready: the first lane loads the packs of the settings one after the other, each
 * measured alone and each with a real inference; the other lanes then load the same side by side. A device that
 * loads nothing still proves itself by one inference.
 */
import type { EngineStart, FromEngine } from '../engine/protocol.ts';
import type { Lane } from './lane.ts';
import type { PackMover } from './pack-mover.ts';
import type { Residents } from './residents.ts';
import type { WorkerFailure } from './worker.ts';

/** What the start works on. */
export interface StartParts {
  readonly start: EngineStart;
  readonly lanes: readonly Lane[];
  readonly residents: Residents;
  readonly mover: PackMover;
  readonly send: (message: FromEngine) => void;
}

/** Load a pack where it fits beside those that are there. @returns Why it is not there. */
async function bring(
  { residents, mover }: StartParts,
  lane: Lane,
  packId: string,
): Promise<WorkerFailure | undefined> {
  const plan = residents.plan(lane, [packId]);
  if (plan.kind === 'never') return { kind: 'no_room', message: plan.reason };
  if (plan.kind === 'wait' || plan.copies.length > 0) {
    const message = `There is no room for ${packId} beside what is loaded before it.`;
    return { kind: 'no_room', message };
  }
  if (plan.missing.length === 0) return undefined;
  residents.enter({ lane, packId });
  return mover.load({ lane, packId });
}

const isShortage = ({ kind }: WorkerFailure): boolean =>
  kind === 'no_room' || kind === 'out_of_memory';

/** @returns What the first lane has. @throws Error when a pack is broken, or one named by the settings has no room. */
async function loadFirst(parts: StartParts, first: Lane): Promise<readonly string[]> {
  const { packs, residency = {} } = parts.start;
  const { preload = 'all', pinned = [] } = residency;
  const named = new Set([...pinned, ...(preload === 'all' ? [] : preload)]);
  const rest = preload === 'all' ? packs.map(({ id }) => id) : [];
  const loaded: string[] = [];
  for (const packId of new Set([...named, ...rest])) {
    const failure = await bring(parts, first, packId);
    if (failure === undefined) {
      loaded.push(packId);
    } else if (isShortage(failure) && !named.has(packId)) {
      const fields = { packId, reason: failure.message };
      parts.send({ type: 'event', event: 'pack-not-preloaded', fields });
    } else {
      throw new Error(failure.message);
    }
  }
  return loaded;
}

/** Run the smallest pack once, and give it back. @throws Error when that fails. */
async function prove(parts: StartParts, first: Lane): Promise<void> {
  const { residents, start, mover } = parts;
  const [smallest] = start.packs
    .map(({ id }) => id)
    .sort((a, b) => residents.sizeOf(a) - residents.sizeOf(b));
  if (smallest === undefined) return;
  const failure = await bring(parts, first, smallest);
  if (failure !== undefined) throw new Error(failure.message);
  await mover.release([{ lane: first, packId: smallest }]);
}

/** Load what is to be there from the start. @throws Error with the reason when the device cannot work. */
export async function loadAtStart(parts: StartParts): Promise<void> {
  const { lanes, residents, start } = parts;
  const [first, ...others] = lanes;
  if (first === undefined) return;
  const woken = await Promise.all(lanes.map((lane) => lane.run({ type: 'wake' })));
  const asleep = woken.find((answer) => !answer.ok);
  if (asleep !== undefined && !asleep.ok) throw new Error(asleep.message);
  residents.begin();
  if (start.residency?.isSuccessor === true) return;
  const loaded = await loadFirst(parts, first);
  if (loaded.length === 0) await prove(parts, first);
  const failures = await Promise.all(
    others.map(async (lane) => {
      for (const packId of loaded) {
        const failure = await bring(parts, lane, packId);
        if (failure !== undefined && !isShortage(failure)) return failure;
      }
      return undefined;
    }),
  );
  const [failed] = failures.filter((failure) => failure !== undefined);
  if (failed !== undefined) throw new Error(failed.message);
}
