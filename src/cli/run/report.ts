/**
 * Tells how a run goes: a bar on a terminal, plain lines elsewhere, JSON lines on request; at the end
 * what became of all files, and why some failed.
 */
import { relative } from 'node:path';
import { printJson, printLine } from '../output.ts';
import type { Failure } from './failure.ts';

/** What became of one file. */
export type FileOutcome =
  | {
      readonly state: 'done';
      readonly source: string;
      readonly output: string;
      readonly sha256: string;
      readonly widthPx: number;
      readonly heightPx: number;
      readonly tookMs: number;
    }
  | { readonly state: 'skipped'; readonly source: string; readonly output: string }
  | ({ readonly state: 'failed'; readonly source: string } & Failure);

type Failed = Extract<FileOutcome, { state: 'failed' }>;

/** How a run is told of. */
export type ReportStyle = 'bar' | 'lines' | 'json';

const BAR_WIDTH = 24;
const REDRAW_MS = 250;

/** `1:02:03`, `0:07`. */
export function clockText(seconds: number): string {
  const whole = Math.round(seconds);
  const pad = (value: number) => String(value).padStart(2, '0');
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return `${hours > 0 ? `${hours}:${pad(minutes)}` : minutes}:${pad(whole % 60)}`;
}

/** Follows one run. */
export class RunReport {
  readonly #style: ReportStyle;
  readonly #startedMs = performance.now();
  readonly #failures: Failed[] = [];
  readonly #counts = { done: 0, skipped: 0, failed: 0 };
  readonly #timer: NodeJS.Timeout | undefined;
  #expected = 0;
  #isBarShown = false;

  constructor(style: ReportStyle) {
    this.#style = style;
    if (style === 'bar') this.#timer = setInterval(() => this.#drawBar(), REDRAW_MS).unref();
  }

  /** Files that failed. */
  get failedCount(): number {
    return this.#counts.failed;
  }

  /** So many files more are to be done. */
  expect(count: number): void {
    this.#expected += count;
  }

  /** Something worth a line that is about no file. */
  note(text: string): void {
    if (this.#style !== 'json') this.#line(text);
  }

  /** One file has come to its end. */
  tell(outcome: FileOutcome): void {
    this.#counts[outcome.state] += 1;
    if (outcome.state === 'failed') this.#failures.push(outcome);
    if (this.#style === 'json') printJson(wireOf(outcome));
    else if (outcome.state === 'failed') this.#line(`failed  ${failedText(outcome)}`);
    else if (outcome.state === 'done' && this.#style === 'lines') {
      const size = `${outcome.widthPx}x${outcome.heightPx}`;
      this.#line(`done    ${shown(outcome.source)} -> ${outcome.output} (${size})`);
    }
  }

  /** The last word. */
  end(): void {
    clearInterval(this.#timer);
    this.#clearBar();
    const { done, skipped, failed } = this.#counts;
    const remaining = Math.max(0, this.#expected - done - skipped - failed);
    const seconds = (performance.now() - this.#startedMs) / 1000;
    if (this.#style === 'json') {
      const failures = this.#failures.map(({ source, code, reason }) => ({ source, code, reason }));
      const rounded = Number(seconds.toFixed(3));
      printJson({ summary: { done, skipped, failed, remaining, seconds: rounded, failures } });
      return;
    }
    const left = remaining > 0 ? `, ${remaining} not begun` : '';
    const took = clockText(seconds);
    printLine(
      `${done} done, ${skipped} skipped (done before), ${failed} failed${left}, in ${took}`,
    );
    if (failed > 0) printLine('Failed:');
    for (const failure of this.#failures) printLine(`  ${failedText(failure)}`);
  }

  #line(text: string): void {
    this.#clearBar();
    printLine(text);
  }

  #clearBar(): void {
    if (this.#isBarShown) process.stdout.write('\r\u001b[K');
    this.#isBarShown = false;
  }

  #drawBar(): void {
    const { done, skipped, failed } = this.#counts;
    const made = done + failed;
    const perS = made / ((performance.now() - this.#startedMs) / 1000);
    const left = this.#expected - made - skipped;
    const share = this.#expected === 0 ? 0 : 1 - left / this.#expected;
    const filled = Math.round(share * BAR_WIDTH);
    const bar = `${'#'.repeat(filled)}${'.'.repeat(BAR_WIDTH - filled)}`;
    const eta = made === 0 || left === 0 ? '' : `, ${clockText(left / perS)} left`;
    const bad = failed === 0 ? '' : `, ${failed} failed`;
    const text = `[${bar}] ${made + skipped}/${this.#expected}, ${perS.toFixed(2)}/s${eta}${bad}`;
    const columns = process.stdout.columns || 80;
    process.stdout.write(`\r${text.slice(0, columns - 1)}\u001b[K`);
    this.#isBarShown = true;
  }
}

function shown(path: string): string {
  const below = relative(process.cwd(), path);
  return below.startsWith('..') ? path : below;
}

const failedText = ({ source, reason }: Failed): string => `${shown(source)}: ${reason}`;

/** The wire's snake_case, as every `--json` prints it. */
function wireOf(outcome: FileOutcome): object {
  if (outcome.state !== 'done') return outcome;
  const { widthPx, heightPx, tookMs, ...rest } = outcome;
  return { ...rest, width: widthPx, height: heightPx, took_ms: Math.round(tookMs) };
}
