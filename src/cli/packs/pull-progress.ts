/** The progress of a pull: one line that is written over on a terminal, else a line now and then. */

import type { Transfer } from '../../packs/hub/transfer-meter.ts';
import { sizeText } from '../../packs/size-text.ts';

const QUIET_MS = 10_000;

/** 1:02:03, 2:03. */
function durationText(seconds: number): string {
  const [hours, minutes, rest] = [seconds / 3600, (seconds / 60) % 60, seconds % 60].map(
    Math.floor,
  );
  const padded = (value: number | undefined) => String(value).padStart(2, '0');
  return hours ? `${hours}:${padded(minutes)}:${padded(rest)}` : `${minutes}:${padded(rest)}`;
}

/** `31 %  1.6 of 5.2 GB  24 MB/s  2:31 left`. */
export function progressText(transfer: Transfer): string {
  const { doneBytes, totalBytes, bytesPerSecond, etaS } = transfer;
  const percent = Math.floor((100 * doneBytes) / totalBytes);
  const left = etaS === undefined ? 'waiting' : `${durationText(etaS)} left`;
  return `${percent} %  ${sizeText(doneBytes)} of ${sizeText(totalBytes)}  ${sizeText(bytesPerSecond)}/s  ${left}`;
}

/** Writes it. */
export class PullProgress {
  readonly #stream: NodeJS.WriteStream;
  #lastMs = performance.now();
  #isOpen = false;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  /** A line of its own. */
  say(text: string): void {
    this.end();
    this.#stream.write(`${text}\n`);
  }

  /** How far it is. */
  tell(transfer: Transfer): void {
    if (this.#stream.isTTY) {
      this.#stream.write(`\r\x1b[2K${progressText(transfer)}`);
      this.#isOpen = true;
    } else if (performance.now() - this.#lastMs >= QUIET_MS) {
      this.#lastMs = performance.now();
      this.#stream.write(`${progressText(transfer)}\n`);
    }
  }

  /** Leave the line that is written over. */
  end(): void {
    if (this.#isOpen) this.#stream.write('\n');
    this.#isOpen = false;
  }
}
