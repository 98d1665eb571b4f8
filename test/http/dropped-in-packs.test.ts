/**
 * A file of another maker, put into a folder with the ten lines that docs/families.md shows, serves the API.
 */
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { alphaOf } from '../../src/imaging/picture.ts';
import type { Log, LogFields } from '../../src/observability/log.ts';
import { manifestSchema } from '../../src/packs/manifest.ts';
import { FAMILY_GOLDEN, publicGraph, readPicture } from '../support/graph-packs.ts';
import { startTestServer } from '../support/server.ts';

/** The `pack.json` examples of a page of documentation, by id. */
function examplesOf(page: string): ReadonlyMap<string, string> {
  const text = readFileSync(join(import.meta.dirname, '../../docs', page), 'utf8');
  const blocks = [...text.matchAll(/```json\n(\{\n {2}"id"[^`]*)```/g)].map(([, block]) => block);
  return new Map(blocks.map((block) => [String(JSON.parse(block ?? '').id), block ?? '']));
}

/** A folder of packs with the example `id` in it, its one file being `graph`. */
function dropIn(page: string, id: string, graph: string): string {
  const example = examplesOf(page).get(id);
  if (example === undefined) throw new Error(`docs/${page} has no example ${id}.`);
  expect(example.trim().split('\n').length).toBeLessThanOrEqual(10);
  const root = mkdtempSync(join(tmpdir(), 'garnish-packs-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  mkdirSync(join(root, id));
  writeFileSync(join(root, id, 'pack.json'), example);
  copyFileSync(graph, join(root, id, String(JSON.parse(example).files[0].path)));
  return root;
}

test('every example of docs/families.md is a manifest of at most ten lines', () => {
  const examples = [...examplesOf('families.md').values()];
  expect(examples.length).toBeGreaterThan(8);
  for (const example of examples) {
    manifestSchema.parse(JSON.parse(example));
    expect(example.trim().split('\n').length).toBeLessThanOrEqual(10);
  }
});

async function serve(root: string) {
  const warnings: (readonly [string, LogFields | undefined])[] = [];
  const none = () => undefined;
  const warn = (event: string, fields?: LogFields) => warnings.push([event, fields]);
  const log: Log = { debug: none, info: none, warn, error: none };
  const garnish = await startTestServer(
    { GARNISH_PACKS_DIR: root, GARNISH_ENGINE_WORKERS: '1' },
    log,
  );
  onTestFinished(() => garnish.stop());
  const image_url = await garnish.upload(readFileSync(join(FAMILY_GOLDEN, 'dish.png')));
  /** Call an operation; gives what it made. */
  const made = async (path: string, body: object) => {
    const answer = await garnish.post(path, { image_url, ...body });
    expect(answer.text).toContain('result_url');
    const response = await fetch(String(answer.json?.['result_url']));
    const file = join(root, 'result.png');
    writeFileSync(file, Buffer.from(await response.arrayBuffer()));
    return { pack: answer.headers.get('x-model-pack'), picture: await readPicture(file) };
  };
  return { made, warnings };
}

test('a U²-Net file as rembg has it serves /api/remove-background', async () => {
  // Its ports and its size, with random weights.
  const root = dropIn('packs.md', 'u2net', join(FAMILY_GOLDEN, 'seven.onnx'));
  const { made, warnings } = await serve(root);
  const { pack, picture } = await made('/api/remove-background', {});
  expect(pack).toBe('u2net');
  expect([picture.widthPx, picture.heightPx, picture.channels]).toEqual([160, 120, 4]);
  expect(new Set(alphaOf(picture)).size).toBeGreaterThan(2); // a matte, neither empty nor full
  expect(warnings).toContainEqual(['pack-unsealed', { pack: 'u2net', unchecked: ['u2net.onnx'] }]);
});

for (const name of ['realesr-general-x4v3', 'realesr-general-x4v3-fp16']) {
  const graph = publicGraph(`${name}.onnx`);
  const title = `${name}.onnx ${graph === undefined ? 'is not in ../shared/weights' : 'serves /api/upscale'}`;

  test.skipIf(graph === undefined)(title, async () => {
    const { made } = await serve(dropIn('families.md', 'realesr-general-x4v3', graph ?? ''));
    const { pack, picture } = await made('/api/upscale', { scale: 4, options: { format: 'png' } });
    expect(pack).toBe('realesr-general-x4v3');
    expect([picture.widthPx, picture.heightPx]).toEqual([640, 480]);
    const golden = await readPicture(join(FAMILY_GOLDEN, `${name}.png`));
    // The first 40 x 40 pixels of the golden crops are the first corner.
    let largest = 0;
    for (let i = 0; i < 40 * 40 * 3; i += 1) {
      const row = Math.floor(i / 120);
      const ours = picture.data[row * 640 * 3 + (i % 120)] ?? -999;
      largest = Math.max(largest, Math.abs(ours - (golden.data[row * 360 + (i % 120)] ?? 0)));
    }
    expect(largest).toBeLessThanOrEqual(1);
    const half = await made('/api/upscale', { scale: 2, options: { format: 'png' } });
    expect([half.picture.widthPx, half.picture.heightPx]).toEqual([320, 240]);
  });
}
