/** Test pictures, drawn here: nothing in the repository was made by others. */
import { mkdtempSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodePicture } from '../../src/imaging/codec.ts';
import type { Picture } from '../../src/imaging/picture.ts';
import { SeededNoise } from '../../src/inference/diffusion/noise.ts';

const FOOD = [190, 90, 40] as const;
const PORCELAIN = [238, 236, 230] as const;
const TABLE = [96, 66, 44] as const;

/** Colour at a distance from the middle, 1 being the plate's edge. */
function colourAt(distance: number): readonly [number, number, number] {
  if (distance < 0.5) return FOOD;
  return distance < 1 ? PORCELAIN : TABLE;
}

/** A plate on a table: a bright disc with a coloured middle on a darker ground. */
export function drawPlate(widthPx: number, heightPx: number, channels: 3 | 4 = 3): Picture {
  const data = new Uint8Array(widthPx * heightPx * channels);
  const radius = Math.min(widthPx, heightPx) * 0.38;
  for (let i = 0; i < widthPx * heightPx; i += 1) {
    const x = i % widthPx;
    const y = Math.floor(i / widthPx);
    const distance = Math.hypot(x - widthPx / 2, y - heightPx / 2) / radius;
    const grain = ((x * 7 + y * 13) % 11) - 5;
    data.set(
      colourAt(distance).map((level) => level + grain),
      i * channels,
    );
    if (channels === 4) data[i * 4 + 3] = distance < 1 ? 255 : 0;
  }
  return { data, widthPx, heightPx, channels };
}

/** An encoded picture. */
export async function encoded(
  picture: Picture,
  format: 'jpg' | 'png' | 'webp' = 'jpg',
): Promise<Buffer> {
  const folder = mkdtempSync(join(tmpdir(), 'garnish-picture-'));
  try {
    const path = join(folder, `picture.${format}`);
    await encodePicture(picture, format, path);
    return await readFile(path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A picture of which each pixel is told by its place. */
export function paint(
  size: { readonly widthPx: number; readonly heightPx: number },
  colourOf: (x: number, y: number) => readonly number[],
): Picture {
  const { widthPx, heightPx } = size;
  const channels = colourOf(0, 0).length as 3 | 4;
  const data = new Uint8ClampedArray(widthPx * heightPx * channels);
  for (let i = 0; i < widthPx * heightPx; i += 1) {
    data.set(colourOf(i % widthPx, Math.floor(i / widthPx)), i * channels);
  }
  return { data: new Uint8Array(data.buffer), widthPx, heightPx, channels };
}

/** A picture with noise of a standard deviation in each channel, always the same. */
export function withNoise(picture: Picture, sigma: number): Picture {
  const noise = new Float32Array(picture.data.length);
  new SeededNoise(1).fill(noise, 0, 1);
  const data = new Uint8ClampedArray(picture.data.length);
  for (const [i, level] of picture.data.entries()) data[i] = level + sigma * (noise[i] as number);
  return { ...picture, data: new Uint8Array(data.buffer) };
}

/** Root of the mean squared difference of two pictures, in levels. */
export function distance(one: Picture, other: Picture): number {
  const squares = one.data.reduce(
    (sum, level, i) => sum + (level - (other.data[i] as number)) ** 2,
    0,
  );
  return Math.sqrt(squares / one.data.length);
}
