/** Contact sheets: a row of pictures for each example, the worst first, and a list of what they are. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodePicture } from '../../src/imaging/codec.ts';
import { type Picture, sizeWithin } from '../../src/imaging/picture.ts';
import { resizePicture } from '../../src/imaging/reframe.ts';
import type { Evaluation, SheetRow } from './table.ts';

const CELL_PX = 220;
const GAP_PX = 6;
/** Examples side by side, and one below the other. */
const ACROSS = 2;
const DOWN = 8;

/** A picture as large as a cell has room, never enlarged. */
const cell = (picture: Picture): Picture => resizePicture(picture, sizeWithin(picture, CELL_PX));

function draw(rows: readonly SheetRow[]): Picture {
  const columns = Math.max(...rows.map(({ pictures }) => pictures.length));
  const blockPx = columns * (CELL_PX + GAP_PX) + 2 * GAP_PX;
  const widthPx = ACROSS * blockPx;
  const heightPx = Math.ceil(rows.length / ACROSS) * (CELL_PX + GAP_PX);
  const data = new Uint8Array(widthPx * heightPx * 3).fill(40);
  for (const [index, { pictures }] of rows.entries()) {
    for (const [column, picture] of pictures.entries()) {
      const small = cell(picture);
      const left = (index % ACROSS) * blockPx + column * (CELL_PX + GAP_PX);
      const top = Math.floor(index / ACROSS) * (CELL_PX + GAP_PX);
      for (let y = 0; y < small.heightPx; y += 1) {
        const from = y * small.widthPx * 3;
        const row = small.data.subarray(from, from + small.widthPx * 3);
        data.set(row, ((top + y) * widthPx + left) * 3);
      }
    }
  }
  return { data, widthPx, heightPx, channels: 3 };
}

/** Write the sheets of an evaluation. @returns The names of the five worst examples. */
export async function writeSheets(
  { sheet }: Evaluation,
  folder: string,
  stem: string,
): Promise<readonly string[]> {
  const sorted = [...sheet].sort((a, b) => a.score - b.score);
  const size = ACROSS * DOWN;
  for (let page = 0; page * size < sorted.length; page += 1) {
    const rows = sorted.slice(page * size, (page + 1) * size);
    await encodePicture(draw(rows), 'png', join(folder, `${stem}-${page + 1}.png`));
  }
  const lines = sorted.map(({ name, score }, i) => `${i + 1}\t${score.toFixed(3)}\t${name}`);
  writeFileSync(join(folder, `${stem}.txt`), `${lines.join('\n')}\n`);
  return lines.slice(0, 5);
}
