/** A pack that lets callers ask for what its pipeline ignores or cannot do is refused before it serves. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { loadPack } from '../../src/inference/loaded-pack.ts';
import { warmUp } from '../../src/inference/warm-up.ts';
import { DRAWER, EDITOR, installFixturePack } from '../support/fixture-packs.ts';

/** Installs a pack whose `inputs` are changed, and warms it up as a worker does. */
async function start(id: string, inputs: object, scheduler: object = {}): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'garnish-packs-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  installFixturePack(root, id, inputs);
  const folder = join(root, id);
  const path = join(folder, 'scheduler', 'scheduler_config.json');
  const config = JSON.parse(readFileSync(path, 'utf8'));
  writeFileSync(path, JSON.stringify({ ...config, ...scheduler }));
  const manifest = JSON.parse(readFileSync(join(folder, 'pack.json'), 'utf8'));
  const { task, family } = manifest;
  const sizes = { memoryMib: 1, bytes: 1 };
  const pack = { id, task, family, folder, files: {}, inputs: manifest.inputs, ...sizes };
  await warmUp(await loadPack(pack, { provider: 'cpu', deviceId: 0, threads: 1 }));
}

test('packs that say what they can do start', async () => {
  await start(DRAWER, {});
  await start(EDITOR, {});
});

test.each([
  ['a scale that is built in', EDITOR, 4, ['guidance']],
  ['a scale that never guides', DRAWER, 1, ['guidance']],
])('%s is refused', async (_name, id, max, supports) => {
  await expect(start(id, { guidanceScale: { default: 1, max }, supports })).rejects.toThrow(
    `Pack ${id} cannot be used: "guidance" is in its "supports", but changes nothing`,
  );
});

test('a negative prompt is refused where the scale is an input of the network', async () => {
  const graphs = { names: { unet: { timestep_cond: 'encoder_hidden_states' } } };
  const inputs = { guidanceScale: { default: 1, max: 1 }, graphs };
  await expect(start(DRAWER, inputs)).rejects.toThrow('"negativePrompt" is in its "supports"');
});

test('more steps than the scheduler takes are refused', async () => {
  const lcm = { _class_name: 'LCMScheduler', original_inference_steps: 50 };
  await expect(start(DRAWER, { steps: { default: 4, max: 51 } }, lcm)).rejects.toThrow(
    /whole number in 1\.\.50 for scheduler option steps, received 51/,
  );
  await start(DRAWER, { steps: { default: 4, max: 50 } }, lcm);
});

test('a malformed pipeline is refused on one line that names the pack', async () => {
  const started = start(DRAWER, { graphs: { latnts: 'squares' } });
  await expect(started).rejects.toThrow(new RegExp(`^Pack ${DRAWER} cannot be used: .*latnts`));
  await expect(started).rejects.not.toThrow(/\n/);
});
