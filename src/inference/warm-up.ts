/**
 * One real inference through each graph of a pack, on a drawn picture: readiness means that this
 * worked, because a missing cuDNN shows only when a convolution runs.
 */
import type { Picture } from '../imaging/picture.ts';
import type { LoadedPack } from './loaded-pack.ts';
import { findForeground } from './segmentation/salient-object.ts';
import { enlarge, scalesOf } from './super-resolution/compact-residual.ts';

const SIDE_PX = 64;

/** A disc on a ground: enough for every kernel to run. */
function drawDisc(): Picture {
  const data = new Uint8Array(SIDE_PX * SIDE_PX * 3);
  const centre = (SIDE_PX - 1) / 2;
  for (let i = 0; i < SIDE_PX * SIDE_PX; i += 1) {
    const distance = Math.hypot((i % SIDE_PX) - centre, Math.floor(i / SIDE_PX) - centre);
    data.fill(distance < SIDE_PX / 3 ? 220 : 40, i * 3, i * 3 + 3);
  }
  return { data, widthPx: SIDE_PX, heightPx: SIDE_PX, channels: 3 };
}

/** @throws Error when the pack's family is unknown or a graph cannot be run. */
export async function warmUp(pack: LoadedPack): Promise<void> {
  switch (pack.pack.family) {
    case 'salient-object':
      await findForeground(pack, drawDisc());
      return;
    case 'compact-residual':
      for (const scale of scalesOf(pack)) await enlarge(pack, drawDisc(), scale, () => undefined);
      return;
    default:
      throw new Error(`Pack ${pack.pack.id} is of the unknown family ${pack.pack.family}.`);
  }
}
