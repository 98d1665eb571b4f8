/** Cutouts: whether the right thing is cut out, how its edge lies, and whether the old background shines through. */
import { basename, join } from 'node:path';
import { decontaminate } from '../../src/imaging/foreground.ts';
import type { Picture } from '../../src/imaging/picture.ts';
import { reducePicture } from '../../src/imaging/reduce-picture.ts';
import { resizePicture } from '../../src/imaging/reframe.ts';
import { resizePlane } from '../../src/imaging/resize.ts';
import { flattenOn, withMatte } from '../../src/imaging/transparency.ts';
import type { LoadedPack } from '../../src/inference/loaded-pack.ts';
import { findForeground } from '../../src/inference/segmentation/find-foreground.ts';
import { networkMatte } from '../../src/inference/segmentation/network-matte.ts';
import { ownPack, readIndex, readMatte, readPicture, SHARED } from './material.ts';
import { boundaryF, gradientError, intersectionOverUnion, meanOf } from './metrics.ts';
import type { Evaluation, EvaluationOptions, SheetRow } from './table.ts';

const SETS = ['plates', 'composite', 'white', 'kuih'] as const;
const MASKS = join(SHARED, 'data', 'masks');
/** Outlines count as met within this share of the diagonal, as in DAVIS. */
const REACH = 0.008;
const MAGENTA = [255, 0, 255] as const;
/** Long side at which colours are estimated, as the server does. */
const WORKING_SIDE_PX = 512;

interface Pair {
  readonly name: string;
  readonly picture: Picture;
  readonly truth: Float32Array;
}

async function pairsOf(set: string, limit: number): Promise<readonly Pair[]> {
  const index =
    set === 'plates' ? join(MASKS, 'plates', 'index.jsonl') : join(MASKS, 'index.jsonl');
  const rows = readIndex(index).filter(
    ({ mask = '', split = 'eval' }) => mask.startsWith(`${set}/`) && split === 'eval',
  );
  return Promise.all(
    rows.slice(0, limit).map(async ({ image = '', mask = '' }) => ({
      name: `${set}/${basename(image)}`,
      picture: await readPicture(join(MASKS, image)),
      truth: await readMatte(join(MASKS, mask)),
    })),
  );
}

/** What the network says, only brought to the picture's size. */
async function plainMatte(pack: LoadedPack, picture: Picture): Promise<Float32Array> {
  const { alpha, size } = await networkMatte(pack, picture);
  return resizePlane(alpha, size, picture, 'bilinear');
}

interface Figures {
  readonly iou: number;
  readonly boundary: number;
  readonly gradient: number;
}

function figuresOf(found: Float32Array, { truth, picture }: Pair): Figures {
  const reach = Math.max(1, Math.round(REACH * Math.hypot(picture.widthPx, picture.heightPx)));
  return {
    iou: intersectionOverUnion(found, truth),
    boundary: boundaryF(found, truth, picture, reach),
    gradient: gradientError(found, truth, picture),
  };
}

/**
 * Colour error on the edge, in levels, without and with colour estimation. A second photograph is laid on a third by the exact
 * matte of the first, so that the foreground's colour is known under every soft pixel and no edge of its own lies there. With
 * that matte given, composites on black and on white are off by the same.
 */
async function haloOf(
  { picture: { widthPx, heightPx }, truth }: Pair,
  front: Picture,
  back: Picture,
): Promise<readonly [number, number]> {
  const picture = resizePicture(front, { widthPx, heightPx });
  const ground = resizePicture(back, picture);
  const data = picture.data.map((level, i) => {
    const alpha = truth[Math.floor(i / 3)] as number;
    return Math.round(level * alpha + (ground.data[i] as number) * (1 - alpha));
  });
  const laid: Picture = { ...picture, data };
  const mended: Picture = { ...laid, data: Uint8Array.from(data) };
  decontaminate(mended, await reducePicture(laid, WORKING_SIDE_PX), truth);
  const errorOf = (shown: Picture) => {
    let sum = 0;
    let count = 0;
    for (let i = 0; i < data.length; i += 1) {
      const alpha = truth[Math.floor(i / 3)] as number;
      if (alpha <= 0.02 || alpha >= 0.98) continue;
      sum += alpha * Math.abs((shown.data[i] as number) - (picture.data[i] as number));
      count += 1;
    }
    return count === 0 ? 0 : sum / count;
  };
  return [errorOf(laid), errorOf(mended)];
}

/** Evaluate cutouts. */
export async function evaluateCutout({ limit, hasSheets }: EvaluationOptions): Promise<Evaluation> {
  const pack = await ownPack('segmentation');
  const rows: (string | number)[][] = [];
  const sheet: SheetRow[] = [];
  for (const set of SETS) {
    const pairs = await pairsOf(set, limit);
    const plain: Figures[] = [];
    const refined: Figures[] = [];
    for (const pair of pairs) {
      plain.push(figuresOf(await plainMatte(pack, pair.picture), pair));
      const { alpha } = await findForeground(pack, pair.picture);
      const figures = figuresOf(alpha, pair);
      refined.push(figures);
      if (!hasSheets || set === 'kuih') continue; // nothing there is as it should be
      const shown = [alpha, pair.truth].map((matte) =>
        flattenOn(withMatte(pair.picture, matte), MAGENTA),
      );
      sheet.push({ name: pair.name, score: figures.iou, pictures: [pair.picture, ...shown] });
    }
    for (const [name, all] of [['network alone', plain] as const, ['refined', refined] as const]) {
      const column = (key: keyof Figures) => meanOf(all.map((figures) => figures[key]));
      rows.push([
        set,
        String(pairs.length),
        name,
        column('iou'),
        column('boundary'),
        column('gradient'),
      ]);
    }
  }
  const pairs = await pairsOf('composite', limit);
  const other = (index: number) => (pairs[index % pairs.length] as Pair).picture;
  const halos = await Promise.all(pairs.map((pair, i) => haloOf(pair, other(i + 2), other(i + 1))));
  const halo = (index: 0 | 1) =>
    `halo ${meanOf(halos.map((pair) => pair[index])).toFixed(2)} levels`;
  rows.push(['edge colours', String(pairs.length), 'as photographed', halo(0), '', '']);
  rows.push(['edge colours', String(pairs.length), 'estimated', halo(1), '', '']);
  const columns = ['set', 'pictures', 'matte', 'IoU', 'boundary F', 'gradient error'];
  return { title: 'Cutouts', columns, rows, sheet };
}
