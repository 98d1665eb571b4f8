/** Where the reference's fixtures lie; a clone of the project alone has none. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../../../../shared/fixtures/diffusion', import.meta.url));

/** The folder, or null with a line that says so. */
export function diffusionFixtures(): string | null {
  if (existsSync(folder)) return folder;
  process.stderr.write(`Skipped: the reference's fixtures are not at ${folder}.\n`);
  return null;
}
