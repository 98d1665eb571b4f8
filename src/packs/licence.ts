/** A licence without commercial use is an operator's own decision, made by its name. */
import type { Manifest } from './manifest.ts';
import { PackError } from './registry.ts';

/** @param accepted SPDX name that the operator gave. @throws PackError naming what must be accepted. */
export function checkLicence(
  { id, licence }: Pick<Manifest, 'id' | 'licence'>,
  accepted: string | undefined,
): void {
  if (licence.commercialUse || accepted === licence.spdx) return;
  throw new PackError(
    `${id} may not be used commercially: its licence is ${licence.spdx}. If you may use it, say so with --accept-licence ${licence.spdx}.`,
  );
}
