/** The version of this installation, from package.json. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** Reads it; works from `src/` and from `dist/`. */
export function readVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return z.object({ version: z.string() }).parse(JSON.parse(text)).version;
}
