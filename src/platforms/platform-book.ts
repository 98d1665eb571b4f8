/** The profiles that are there: ours, and an operator's own, which take the place of ours with the same id. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { type Everywhere, everywhereSchema, type Platform, platformSchema } from './platform.ts';

const OURS = fileURLToPath(new URL('./profiles', import.meta.url));
const EVERYWHERE = fileURLToPath(new URL('./everywhere.json', import.meta.url));

/** @throws Error that names the file and what is wrong with it. */
function readData<Schema extends z.ZodType>(path: string, schema: Schema): z.output<Schema> {
  const unusable = (reason: string, cause: unknown) =>
    new Error(`The platform file ${path} cannot be used: ${reason}`, { cause });
  let data: unknown;
  try {
    data = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw unusable(error instanceof Error ? error.message : String(error), error);
  }
  const parsed = schema.safeParse(data);
  if (!parsed.success) {
    throw unusable(z.prettifyError(parsed.error).replaceAll(/\s+/g, ' '), parsed.error);
  }
  return parsed.data;
}

function readProfile(path: string): Platform {
  const platform = readData(path, platformSchema);
  if (platform.id !== basename(path, '.json')) {
    throw new Error(`The platform file ${path} cannot be used: its id is "${platform.id}".`);
  }
  return platform;
}

const profilesIn = (folder: string): readonly Platform[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => readProfile(join(folder, name)));

/** Every profile, by id. */
export class PlatformBook {
  readonly everywhere: Everywhere;
  readonly #platforms: ReadonlyMap<string, Platform>;

  private constructor(platforms: readonly Platform[], everywhere: Everywhere) {
    const sorted = [...platforms].sort((a, b) => (a.id < b.id ? -1 : 1));
    this.#platforms = new Map(sorted.map((platform) => [platform.id, platform]));
    this.everywhere = everywhere;
  }

  /**
   * Read the profiles.
   * @param folder Folder of the operator's own, if there is one.
   * @throws Error naming the file that cannot be used.
   */
  static load(folder?: string): PlatformBook {
    const own = folder === undefined ? [] : profilesIn(folder);
    const replaced = new Set(own.map(({ id }) => id));
    const ours = profilesIn(OURS).filter(({ id }) => !replaced.has(id));
    return new PlatformBook([...ours, ...own], readData(EVERYWHERE, everywhereSchema));
  }

  /** All of them, by id. */
  get all(): readonly Platform[] {
    return [...this.#platforms.values()];
  }

  /** Their ids. */
  get ids(): readonly string[] {
    return [...this.#platforms.keys()];
  }

  /** One of them. */
  find(id: string): Platform | undefined {
    return this.#platforms.get(id);
  }
}
