/** Test pictures, drawn here: nothing in the repository was made by others. */
import { mkdtempSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodePicture } from '../../src/imaging/codec.ts';
import type { Picture } from '../../src/imaging/picture.ts';

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
