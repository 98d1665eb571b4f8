/** `pack.lock.json` beside `pack.json`: what was pulled, from where, at which commit. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** The schema. */
export const packLockSchema = z.strictObject({
  lockVersion: z.literal(1),
  /** Hub or mirror that it came from. */
  hubUrl: z.string(),
  repository: z.string(),
  /** Branch or tag that was asked for. */
  revision: z.string(),
  /** Commit that it stood for. */
  commit: z.string().regex(/^[0-9a-f]{40}$/),
  pulledAt: z.iso.datetime(),
  /** Licence without commercial use that the operator accepted by name. */
  acceptedLicence: z.string().optional(),
  files: z.array(
    z.strictObject({
      /** Path in the repository. */
      from: z.string(),
      /** Path in the pack. */
      path: z.string(),
      bytes: z.int().min(1),
      sha256,
    }),
  ),
});

/** A checked lock. */
export type PackLock = Readonly<z.infer<typeof packLockSchema>>;

/** Its file name. */
export const PACK_LOCK = 'pack.lock.json';

/** The lock of a pack folder; undefined where the pack was not pulled. @throws Error when it is no lock. */
export function readPackLock(folder: string): PackLock | undefined {
  const path = join(folder, PACK_LOCK);
  if (!existsSync(path)) return undefined;
  try {
    return packLockSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (cause) {
    const reason = cause instanceof z.ZodError ? z.prettifyError(cause) : String(cause);
    throw new Error(`${path} cannot be used: ${reason.replaceAll(/\s+/g, ' ')}`, { cause });
  }
}
