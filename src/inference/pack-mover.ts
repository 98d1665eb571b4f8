/** Brings packs into lanes and out of them, and measures what they take. */
import type { Lane } from './lane.ts';
import { usedMib } from './memory-meter.ts';
import type { Resident, Residents } from './residents.ts';
import type { WorkerFailure } from './worker.ts';

/** Moves packs on one device. */
export class PackMover {
  readonly #device: string;
  readonly #lanes: readonly Lane[];
  readonly #residents: Residents;
  /** Grows with each beginning of any work, so that a measurement knows whether it was alone. */
  #begun = 0;

  constructor(device: string, lanes: readonly Lane[], residents: Residents) {
    this.#device = device;
    this.#lanes = lanes;
    this.#residents = residents;
  }

  /** Work of any kind begins in a lane. */
  begin(lane: Lane): void {
    this.#begun += 1;
    lane.isBusy = true;
  }

  /**
   * Load a pack that has entered its lane; its size is measured where no other lane is at work.
   * @returns What went wrong; then it is not there.
   */
  async load(resident: Resident): Promise<WorkerFailure | undefined> {
    const { lane, packId } = resident;
    const begun = this.#begun;
    const isAlone = () =>
      begun === this.#begun && this.#lanes.every((other) => other === lane || !other.isBusy);
    const before = isAlone() ? await usedMib(this.#device) : undefined;
    const answer = await lane.run({ type: 'load', packId });
    if (!answer.ok) {
      this.#residents.leave(resident);
      return answer;
    }
    const after = before === undefined ? undefined : await usedMib(this.#device);
    if (before !== undefined && after !== undefined && isAlone()) {
      this.#residents.measured(packId, after - before);
    }
    return undefined;
  }

  /** Give packs back; lanes that are free are at work for so long. */
  async release(residents: readonly Resident[]): Promise<void> {
    const lanes = new Set(residents.map(({ lane }) => lane).filter(({ isBusy }) => !isBusy));
    for (const lane of lanes) this.begin(lane);
    for (const resident of residents) this.#residents.leave(resident);
    await Promise.all(residents.map(({ lane, packId }) => lane.run({ type: 'unload', packId })));
    for (const lane of lanes) lane.isBusy = false;
  }
}
