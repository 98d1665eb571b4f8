/** The operator's choices of what is kept in memory, checked against the packs that are in use. */
import type { EnginePack } from '../engine/protocol.ts';
import type { ResidencySettings } from '../engine/residency-terms.ts';
import { GENERATOR_TASKS, PackError } from './registry.ts';

/** The settings, as they were given. */
export interface ResidencyChoices {
  /** 0: not named. */
  readonly memoryBudgetMib: number;
  readonly keepAliveS: number;
  readonly pinnedPacks: readonly string[];
  /** `all`, `none`, or ids. */
  readonly preload: readonly string[];
  /** Each `a+b`. */
  readonly exclusivePacks: readonly string[];
}

function assertKnown(setting: string, ids: readonly string[], packs: readonly EnginePack[]): void {
  const unknown = ids.find((id) => !packs.some((pack) => pack.id === id));
  if (unknown === undefined) return;
  const known = packs.map(({ id }) => id).join(', ') || 'none';
  throw new PackError(`${setting}: ${unknown} is no pack in use (in use: ${known}).`);
}

/** A group must leave every operation possible, and may not contradict the pins. */
function assertPossible(
  group: readonly string[],
  pinned: readonly string[],
  packs: readonly EnginePack[],
): void {
  const pins = group.filter((id) => pinned.includes(id));
  if (pins.length > 1) {
    throw new PackError(`GARNISH_EXCLUSIVE_PACKS: ${pins.join(' and ')} are both pinned.`);
  }
  const tasks = packs.filter(({ id }) => group.includes(id)).map(({ task }) => task);
  const draws = tasks.some((task) => GENERATOR_TASKS.some((one) => one === task));
  if (draws && tasks.includes('super-resolution')) {
    throw new PackError(
      `GARNISH_EXCLUSIVE_PACKS: ${group.join('+')} holds a generator and the pack that enlarges what it draws; a generation needs both.`,
    );
  }
}

/** @throws PackError when a choice names no pack in use, or cannot be kept. */
export function chooseResidency(
  choices: ResidencyChoices,
  packs: readonly EnginePack[],
): ResidencySettings {
  const { memoryBudgetMib, keepAliveS, pinnedPacks: pinned } = choices;
  const [first] = choices.preload;
  const isWord = choices.preload.length === 1 && (first === 'all' || first === 'none');
  const ids = isWord ? [] : choices.preload;
  const exclusive = choices.exclusivePacks.map((group) => group.split('+'));
  assertKnown('GARNISH_PINNED_PACKS', pinned, packs);
  assertKnown('GARNISH_PRELOAD', ids, packs);
  assertKnown('GARNISH_EXCLUSIVE_PACKS', exclusive.flat(), packs);
  for (const group of exclusive) assertPossible(group, pinned, packs);
  return {
    ...(memoryBudgetMib === 0 ? {} : { budgetMib: memoryBudgetMib }),
    keepAliveS,
    pinned,
    preload: isWord && first === 'all' ? 'all' : ids,
    exclusive,
  };
}
