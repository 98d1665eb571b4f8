/**
 * Reads diffusers' scheduler_config.json. Keys that a scheduler does not know are passed over, as diffusers does;
 * a known option with a value that no fixture covers is refused by name.
 */

/** The parsed scheduler_config.json. */
export type SchedulerConfig = Readonly<Record<string, unknown>>;

/** A scheduler option, or a value of one, that has no fixture and is therefore not accepted. */
export class UnsupportedSchedulerOption extends Error {
  override readonly name = 'UnsupportedSchedulerOption';
  constructor(option: string, expected: string, received: unknown) {
    super(
      `Expected ${expected} for scheduler option ${option}, received ${JSON.stringify(received) ?? String(received)}`,
    );
  }
}

/**
 * One of a closed set of values.
 * @throws UnsupportedSchedulerOption
 */
export function choice<T extends string | number | boolean>(
  config: SchedulerConfig,
  option: string,
  allowed: readonly [T, ...T[]],
  byDefault: T,
): T {
  const value = config[option] ?? byDefault;
  const found = allowed.find((candidate) => candidate === value);
  if (found === undefined) {
    const expected = allowed.map((v) => JSON.stringify(v)).join(' or ');
    throw new UnsupportedSchedulerOption(option, expected, value);
  }
  return found;
}

/**
 * A finite number.
 * @throws UnsupportedSchedulerOption
 */
export function finite(config: SchedulerConfig, option: string, byDefault: number): number {
  const value = config[option] ?? byDefault;
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    throw new UnsupportedSchedulerOption(option, 'a finite number', value);
  }
  return value;
}

/**
 * Refuses options that would change the numbers and that this scheduler lacks.
 * @param only option to the one value accepted; an absent or null option counts as that value
 * @throws UnsupportedSchedulerOption
 */
export function acceptOnly(config: SchedulerConfig, only: Readonly<Record<string, unknown>>): void {
  for (const [option, value] of Object.entries(only)) {
    const given = config[option] ?? value;
    if (given !== value) {
      throw new UnsupportedSchedulerOption(option, JSON.stringify(value), given);
    }
  }
}

/**
 * The number of steps, checked.
 * @throws UnsupportedSchedulerOption
 */
export function stepCount(steps: number, trainSteps: number): number {
  if (!Number.isInteger(steps) || steps < 1 || steps > trainSteps) {
    throw new UnsupportedSchedulerOption('steps', `a whole number in 1..${trainSteps}`, steps);
  }
  return steps;
}
