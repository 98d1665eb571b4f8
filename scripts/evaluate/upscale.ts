/** Upscaling: PSNR and SSIM of Y on sets that no training saw, beside Lanczos and networks of others, and the colours. */
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { changesBetween } from '../../src/imaging/change-map.ts';
import type { Picture } from '../../src/imaging/picture.ts';
import { cropTo, resizePicture } from '../../src/imaging/reframe.ts';
import type { Kernel } from '../../src/imaging/resampling-taps.ts';
import { channelOf, resizeBytes } from '../../src/imaging/resize.ts';
import { enlarge } from '../../src/inference/super-resolution/enlarge.ts';
import type { Scale } from '../../src/inference/super-resolution/families.ts';
import { filesIn, otherPack, ownPack, readPicture, SHARED } from './material.ts';
import { meanOf, psnr, ssim, studioLuma } from './metrics.ts';
import type { Evaluation, EvaluationOptions, SheetRow } from './table.ts';

const OURS = 'garnish-upscale';
const SETS = ['Set5', 'Set14', 'Kodak', 'Food'] as const;

interface Pair {
  readonly name: string;
  readonly high: Picture;
  readonly low: Picture;
}

type Enlarger = (low: Picture) => Promise<Picture>;

/** Resized as PIL resizes bytes. */
function resized(picture: Picture, widthPx: number, heightPx: number, kernel: Kernel): Picture {
  const to = { widthPx, heightPx };
  const planes = [0, 1, 2].map((channel) =>
    resizeBytes(channelOf(picture, channel), picture, to, kernel),
  );
  const data = new Uint8Array(widthPx * heightPx * 3);
  for (let i = 0; i < data.length; i += 1) data[i] = planes[i % 3]?.[Math.floor(i / 3)] as number;
  return { data, ...to, channels: 3 };
}

const corner = (picture: Picture, widthPx: number, heightPx: number): Picture =>
  cropTo(picture, { left: 0, top: 0, widthPx, heightPx });

/** The pictures of a set: small ones as they were published, else reduced by PIL's bicubic kernel. */
async function pairsOf(set: string, scale: Scale, limit: number): Promise<readonly Pair[]> {
  const folder = join(SHARED, 'data', 'sr', set);
  const folderOfHigh = existsSync(join(folder, 'HR')) ? join(folder, 'HR') : folder;
  const pairs: Pair[] = [];
  for (const path of filesIn(folderOfHigh, '.png').slice(0, limit)) {
    const name = basename(path, '.png');
    const high = await readPicture(path);
    const stored = join(folder, `LRx${scale}`, basename(path));
    if (existsSync(stored)) {
      const low = await readPicture(stored);
      pairs.push({ name, low, high: corner(high, low.widthPx * scale, low.heightPx * scale) });
      continue;
    }
    const [width, height] = [Math.floor(high.widthPx / scale), Math.floor(high.heightPx / scale)];
    const whole = corner(high, width * scale, height * scale);
    pairs.push({ name, high: whole, low: resized(whole, width, height, 'bicubic') });
  }
  return pairs;
}

const lanczos =
  (scale: Scale): Enlarger =>
  async (low) =>
    resized(low, low.widthPx * scale, low.heightPx * scale, 'lanczos');

/** Every way of enlarging that there is. */
async function enlargersOf(scale: Scale): Promise<readonly (readonly [string, Enlarger])[]> {
  const own = await ownPack('super-resolution');
  const role = `x${scale}` as const;
  const rlfn = await otherPack({ family: 'rlfn', role, file: `rlfn-${role}.onnx` });
  const compact =
    scale === 4
      ? await otherPack({ family: 'real-esrgan', role, file: 'realesr-general-x4v3.onnx' })
      : undefined;
  const others = [['RLFN', rlfn] as const, ['Real-ESRGAN compact', compact] as const];
  return [
    ['Lanczos (PIL)', lanczos(scale)],
    [OURS, (low) => enlarge(own, low, scale)],
    ...others.flatMap(([name, pack]) =>
      pack === undefined
        ? []
        : [[name, (low: Picture) => enlarge(pack, low, scale)] as [string, Enlarger]],
    ),
  ];
}

interface Judged {
  readonly name: string;
  readonly score: number;
  readonly similarity: number;
  /** Mean CIEDE2000 of the result scaled down against its source. */
  readonly colours: number;
  readonly made: Picture;
}

async function judge(pair: Pair, enlarger: Enlarger, scale: Scale): Promise<Judged> {
  const made = await enlarger(pair.low);
  const [mine, truth] = [studioLuma(made), studioLuma(pair.high)];
  return {
    name: pair.name,
    score: psnr(mine, truth, made, scale),
    similarity: ssim(mine, truth, made, scale),
    colours: changesBetween(resizePicture(made, pair.low), pair.low).mean,
    made,
  };
}

/** A line of the table. */
function rowOf(set: string, scale: Scale, by: string, judged: readonly Judged[]) {
  const mean = (key: 'score' | 'similarity' | 'colours') => meanOf(judged.map((one) => one[key]));
  const dB = mean('score').toFixed(2);
  const count = String(judged.length);
  return [set, `${scale}x`, count, by, dB, mean('similarity'), mean('colours')];
}

async function sheetRows(
  set: string,
  pairs: readonly Pair[],
  judged: readonly Judged[],
): Promise<readonly SheetRow[]> {
  const plain = lanczos(4);
  return Promise.all(
    judged.map(async ({ name, score, made }, i) => {
      const { low, high } = pairs[i] as Pair;
      return { name: `${set}/${name}`, score, pictures: [await plain(low), made, high] };
    }),
  );
}

/** Evaluate upscaling. */
export async function evaluateUpscale(options: EvaluationOptions): Promise<Evaluation> {
  const rows: (string | number)[][] = [];
  const sheet: SheetRow[] = [];
  for (const scale of [2, 4] as const) {
    const enlargers = await enlargersOf(scale);
    for (const set of SETS) {
      const pairs = await pairsOf(set, scale, options.limit);
      for (const [by, enlarger] of enlargers) {
        const judged: Judged[] = [];
        for (const pair of pairs) judged.push(await judge(pair, enlarger, scale));
        rows.push(rowOf(set, scale, by, judged));
        const isShown = options.hasSheets && scale === 4 && by === OURS;
        if (isShown) sheet.push(...(await sheetRows(set, pairs, judged)));
      }
    }
  }
  const columns = ['set', 'factor', 'pictures', 'by', 'PSNR-Y, dB', 'SSIM-Y', 'ΔE2000 scaled down'];
  return { title: 'Upscaling', columns, rows, sheet };
}
