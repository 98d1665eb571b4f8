/** `pack.origin.json` beside `pack.json`: how a pack that was not pulled came into its folder. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const packOriginSchema = z.strictObject({
  originVersion: z.literal(1),
  /** From a folder, or out of a bundle. */
  how: z.enum(['added', 'imported']),
  at: z.iso.datetime(),
  /** Fingerprint of the key that signed the bundle. */
  signer: z.string().optional(),
  /** Licence without commercial use that the operator accepted by name. */
  acceptedLicence: z.string().optional(),
});

/** A checked origin. */
export type PackOrigin = Readonly<z.infer<typeof packOriginSchema>>;

/** Its file name. */
export const PACK_ORIGIN = 'pack.origin.json';

/** The origin of a pack folder; undefined where there is none, or none that can be read. */
export function readPackOrigin(folder: string): PackOrigin | undefined {
  const path = join(folder, PACK_ORIGIN);
  if (!existsSync(path)) return undefined;
  try {
    return packOriginSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    return undefined; // it only tells; the pack is what pack.json says
  }
}
