/**
 * What a run has done, in `.garnish-run.jsonl` of the folder for results: a line for each name that a
 * source was given, and a line for each result that lies there whole. A line is written only after
 * what it tells is on the disk, so a run that was killed is taken up where it stood; a last line
 * that was cut off is passed over.
 */
import { type FileHandle, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

/** Name of the journal in the folder for results. */
export const JOURNAL_NAME = '.garnish-run.jsonl';

/** State of a source file: a file with another one has changed. */
export interface SourceState {
  readonly bytes: number;
  readonly modifiedMs: number;
}

const key = { operation: z.string(), source: z.string() };
const claimLine = z.object({ ...key, stem: z.string() });
const doneLine = z.object({
  ...key,
  bytes: z.int(),
  modifiedMs: z.number(),
  options: z.string(),
  output: z.string(),
  outputBytes: z.int(),
  sha256: z.string(),
});

/** A name below the folder for results, without extension, that is kept for a source. */
export type Claim = Readonly<z.infer<typeof claimLine>>;
/** A result that is there. */
export type Done = Readonly<z.infer<typeof doneLine>>;

const keyOf = ({ operation, source }: { readonly operation: string; readonly source: string }) =>
  `${operation}\n${source}`;

/** Names that are one name on a file system that keeps no case or composes letters. */
export const sameName = (name: string): string => name.normalize('NFC').toLowerCase();

/** The open journal of one folder. */
export class Journal {
  readonly #file: FileHandle;
  readonly #stems = new Map<string, string>();
  readonly #holders = new Map<string, string>();
  readonly #done = new Map<string, Done>();

  private constructor(file: FileHandle, text: string) {
    this.#file = file;
    for (const line of text.split('\n')) this.#read(line);
  }

  /** Open the journal of a folder, or begin one. */
  static async open(folder: string): Promise<Journal> {
    const path = join(folder, JOURNAL_NAME);
    const file = await open(path, 'a', 0o644);
    const text = await readFile(path, 'utf8');
    const journal = new Journal(file, text);
    if (text !== '' && !text.endsWith('\n')) await file.write('\n');
    return journal;
  }

  /** The name kept for a source. */
  stemOf(operation: string, source: string): string | undefined {
    return this.#stems.get(keyOf({ operation, source }));
  }

  /** Whether no source holds a name. */
  isFree(stem: string): boolean {
    return !this.#holders.has(sameName(stem));
  }

  /** Keep names for sources. */
  async claim(claims: readonly Claim[]): Promise<void> {
    if (claims.length === 0) return;
    await this.#append(claims);
    for (const claim of claims) this.#hold(claim);
  }

  /** The result that a source has, if any. */
  doneOf(operation: string, source: string): Done | undefined {
    return this.#done.get(keyOf({ operation, source }));
  }

  /** Note a result that lies at its place. */
  async finish(done: Done): Promise<void> {
    await this.#append([done]);
    this.#done.set(keyOf(done), done);
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  async #append(lines: readonly object[]): Promise<void> {
    await this.#file.appendFile(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    await this.#file.datasync();
  }

  #hold(claim: Claim): void {
    const before = this.#stems.get(keyOf(claim));
    if (before !== undefined) this.#holders.delete(sameName(before));
    this.#stems.set(keyOf(claim), claim.stem);
    this.#holders.set(sameName(claim.stem), keyOf(claim));
  }

  #read(line: string): void {
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      return; // empty, or cut off when the machine or the run was stopped
    }
    const done = doneLine.safeParse(value);
    if (done.success) {
      this.#done.set(keyOf(done.data), done.data);
      return;
    }
    const claim = claimLine.safeParse(value);
    if (claim.success) this.#hold(claim.data);
  }
}
