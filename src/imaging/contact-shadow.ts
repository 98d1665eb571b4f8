/**
 * The shadow of a dish on a table, made from its matte alone: a narrow dark rim where it stands, and a wide soft one below
 * it, as under light from above and behind.
 */
import { bellBlur } from './box-blur.ts';
import { byte, type Picture, type Size, sizeWithin } from './picture.ts';
import { resizePlane } from './resize.ts';
import { subjectFrameOf } from './subject-frame.ts';

/** Long side at which the shadow is made; it is soft, so that more would show nothing. */
const WORKING_SIDE_PX = 512;

interface Layer {
  /** How far it lies below the subject, and how soft it is, as shares of the subject's longer side. */
  readonly offset: number;
  readonly softness: number;
  readonly weight: number;
}

const LAYERS: readonly Layer[] = [
  { offset: 0.012, softness: 0.01, weight: 0.55 },
  { offset: 0.04, softness: 0.035, weight: 0.45 },
];

/** Share of the subject's longer side that a shadow needs around it. */
export const SHADOW_ROOM = 0.09;

function movedDown(plane: Float32Array, { widthPx, heightPx }: Size, rows: number): Float32Array {
  const moved = new Float32Array(plane.length);
  moved.set(plane.subarray(0, Math.max(0, heightPx - rows) * widthPx), rows * widthPx);
  return moved;
}

/** Darkness of the shadow, Float32 [h, w] of a reduced size, 0..1. */
function shadowOf(alpha: Float32Array, size: Size): Float32Array {
  const shadow = new Float32Array(alpha.length);
  const frame = subjectFrameOf(alpha, size);
  if (frame === undefined) return shadow;
  const { left, top, right, bottom } = frame.box;
  const side = Math.max((right - left) * size.widthPx, (bottom - top) * size.heightPx);
  for (const { offset, softness, weight } of LAYERS) {
    const moved = movedDown(alpha, size, Math.round(offset * side));
    const soft = bellBlur(moved, size, Math.max(1, Math.round(softness * side)));
    for (let i = 0; i < shadow.length; i += 1)
      shadow[i] = (shadow[i] as number) + weight * (soft[i] as number);
  }
  return shadow;
}

/** Lay the shadow of a cutout under it, in place. @param strength 0..1. */
export function castShadow(cutout: Picture, strength: number): void {
  const { data, widthPx, heightPx } = cutout;
  const small = sizeWithin(cutout, WORKING_SIDE_PX);
  const alpha = Float32Array.from(
    { length: widthPx * heightPx },
    (_, i) => byte(data, i * 4 + 3) / 255,
  );
  const shadow = shadowOf(resizePlane(alpha, cutout, small, 'bilinear'), small);
  const darkness = resizePlane(shadow, small, cutout, 'bilinear');
  for (let i = 0; i < alpha.length; i += 1) {
    const own = alpha[i] as number;
    const under = Math.min(1, Math.max(0, (darkness[i] as number) * strength)) * (1 - own);
    if (under === 0) continue;
    const whole = own + under;
    // The shadow is black: the colour that both give together is the cutout's, by its share.
    for (let channel = 0; channel < 3; channel += 1)
      data[i * 4 + channel] = Math.round((byte(data, i * 4 + channel) * own) / whole);
    data[i * 4 + 3] = Math.round(whole * 255);
  }
}
