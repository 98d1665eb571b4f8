/** Enhancement: how near a spoiled photograph is brought to the good one it was, and how far a good one is moved. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EngineOperation } from '../../src/engine/protocol.ts';
import { changesBetween } from '../../src/imaging/change-map.ts';
import { encodePicture } from '../../src/imaging/codec.ts';
import { type Picture, sizeWithin } from '../../src/imaging/picture.ts';
import { resizePicture } from '../../src/imaging/reframe.ts';
import type { LoadedPack } from '../../src/inference/loaded-pack.ts';
import { runOperation } from '../../src/inference/operations/run-operation.ts';
import { loadPresets } from '../../src/packs/presets.ts';
import { FAULTS } from './faults.ts';
import { ownPack, readIndex, readPicture, SHARED } from './material.ts';
import { meanOf } from './metrics.ts';
import type { Evaluation, EvaluationOptions, SheetRow } from './table.ts';

const PHOTOS = join(SHARED, 'data', 'photos', 'food');
const COUNT = 40;
/** Long side of what is enhanced: faults are of the whole picture, so a small one tells as much. */
const SIDE_PX = 640;
const LIMITS = {
  ...{ maxPixels: 4e7, minSidePx: 16, maxSidePx: 8192, maxAspectRatio: 20, maxResultPixels: 4e7 },
};
/** Frame and size are kept, so that pixels can be compared. */
const OPERATION: EngineOperation = {
  operation: 'enhance',
  look: loadPresets().presets.balanced.look,
  framing: { maxTiltDegrees: 0 },
  size: { maxScale: 1, longestSidePx: 2048 },
  ...{ removeBackground: false, hasChangeMap: false, format: 'png', file: {} },
};

/** Enhances a picture as the server does, without a frame. */
async function enhanced(pack: LoadedPack, picture: Picture, folder: string): Promise<Picture> {
  const sourcePath = join(folder, 'source.png');
  await encodePicture(picture, 'png', sourcePath);
  const { files } = await runOperation({
    task: {
      taskId: 'evaluate',
      operation: OPERATION,
      sourcePath,
      outputStem: join(folder, 'made'),
    },
    limits: LIMITS,
    pack: () => pack,
    isCancelled: () => false,
    onProgress: () => undefined,
    onShortage: () => undefined,
  });
  return readPicture(files[0]?.path ?? '');
}

async function photographs(count: number): Promise<readonly (readonly [string, Picture])[]> {
  const rows = readIndex(join(PHOTOS, 'index.jsonl')).filter(({ split }) => split === 'eval');
  return Promise.all(
    rows.slice(0, count).map(async ({ file = '' }) => {
      const picture = await readPicture(join(PHOTOS, file));
      return [file, resizePicture(picture, sizeWithin(picture, SIDE_PX))] as const;
    }),
  );
}

/** Evaluate enhancement. */
export async function evaluateEnhancement({
  limit,
  hasSheets,
}: EvaluationOptions): Promise<Evaluation> {
  const pack = await ownPack('enhancement');
  const folder = mkdtempSync(join(tmpdir(), 'garnish-evaluate-'));
  const sheet: SheetRow[] = [];
  const found = new Map<string, [number, number][]>();
  try {
    const faults = Object.entries(FAULTS);
    for (const [index, [file, good]] of (await photographs(Math.min(limit, COUNT))).entries()) {
      const [name = '', fault] = faults[index % faults.length] ?? [];
      const spoiled = fault?.(good) ?? good;
      const mended = await enhanced(pack, spoiled, folder);
      const kept = await enhanced(pack, good, folder);
      const differenceOf = (picture: Picture) => changesBetween(good, picture).mean;
      const [before, after] = [differenceOf(spoiled), differenceOf(mended)];
      found.set(name, [...(found.get(name) ?? []), [before, after]]);
      found.set('good', [...(found.get('good') ?? []), [0, differenceOf(kept)]]);
      if (!hasSheets) continue;
      const pictures = [good, spoiled, mended, kept];
      sheet.push({ name: `${file} (${name})`, score: -after, pictures });
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const row = (name: string, pairs: readonly (readonly [number, number])[]) => {
    const [before, after] = [meanOf(pairs.map(([a]) => a)), meanOf(pairs.map(([, b]) => b))];
    const share = before === 0 ? '' : `${Math.round((100 * after) / before)} %`;
    return [name, String(pairs.length), before.toFixed(2), after.toFixed(2), share];
  };
  const good = found.get('good') ?? [];
  found.delete('good');
  const rows = [
    ...[...found].map(([name, pairs]) => row(name, pairs)),
    row('all spoiled', [...found.values()].flat()),
    row('good photographs', good),
  ];
  const columns = ['photographs', 'pictures', 'ΔE2000 before', 'after', 'left'];
  return { title: 'Enhancement (preset balanced)', columns, rows, sheet };
}
