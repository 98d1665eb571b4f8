/**
 * Gives every source its name below the folder for results. A name is given once and kept in the
 * journal, so that it does not depend on which file is finished first or comes later. One that a file
 * bears which this folder's runs did not write is not given: nothing of the user's is overwritten.
 */
import { readdir } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { type Claim, type Journal, sameName } from './journal.ts';
import type { Source } from './sources.ts';

const RESULT_EXTENSIONS: readonly string[] = ['.jpg', '.png', '.webp'];

/** Names that pictures bear in the folder for results, without extension. */
class Occupied {
  readonly #out: string;
  readonly #names = new Map<string, ReadonlySet<string>>();

  constructor(out: string) {
    this.#out = out;
  }

  async has(stem: string): Promise<boolean> {
    const folder = dirname(stem);
    const known = this.#names.get(folder) ?? (await this.#list(folder));
    this.#names.set(folder, known);
    return known.has(sameName(basename(stem)));
  }

  async #list(folder: string): Promise<ReadonlySet<string>> {
    const names = await readdir(join(this.#out, folder)).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    });
    const pictures = names.filter((name) =>
      RESULT_EXTENSIONS.includes(extname(name).toLowerCase()),
    );
    return new Set(pictures.map((name) => sameName(name.slice(0, -extname(name).length))));
  }
}

/** `sub/soup`, `sub/soup-2`, `sub/soup-3`, … */
const candidate = (stem: string, attempt: number): string =>
  attempt === 1 ? stem : `${stem}-${attempt}`;

/**
 * Give names to the sources that have none.
 * @param out Absolute path of the folder for results.
 * @param sources In the order in which names are given.
 */
export async function claimNames(
  journal: Journal,
  operation: string,
  out: string,
  sources: readonly Source[],
): Promise<void> {
  const occupied = new Occupied(out);
  const given = new Set<string>();
  const paths = new Set(sources.map(({ path }) => sameName(path)));
  const isSource = (stem: string) =>
    RESULT_EXTENSIONS.some((extension) => paths.has(sameName(join(out, `${stem}${extension}`))));
  const claims: Claim[] = [];
  for (const source of sources) {
    const kept = journal.stemOf(operation, source.path);
    if (kept !== undefined && !isSource(kept)) continue;
    let attempt = 1;
    let stem = source.stem;
    while (!journal.isFree(stem) || given.has(sameName(stem)) || (await occupied.has(stem))) {
      attempt += 1;
      stem = candidate(source.stem, attempt);
    }
    given.add(sameName(stem));
    claims.push({ operation, source: source.path, stem });
  }
  await journal.claim(claims);
}
