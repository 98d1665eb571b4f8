/**
 * A site without a network: packs leave one installation as a bundle, come into another, and every operation that has
 * one answers with it, while a refusing resolver writes down whatever asks for a name or a connection.
 */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { type Installation, installation } from '../cli/pack-process.ts';
import { DRAWER, installFixturePack } from '../support/fixture-packs.ts';
import { FAMILY_GOLDEN } from '../support/graph-packs.ts';
import { refuseNetwork } from '../support/refusing-network.ts';
import { sharp } from '../support/sharp.ts';

vi.setConfig({ testTimeout: 180_000 }); // a process takes seconds to start where many run

/** Packs of one graph, each as another maker's file beside a manifest that says no more than it must. */
const GRAPHS = {
  cutter: { task: 'segmentation', family: 'u2net', role: 'model', path: 'seven.onnx' },
  enlarger: { task: 'super-resolution', family: 'swin2sr', role: 'x2', path: 'windowed-x2.onnx' },
} as const;

async function installedAt({ folder, packsDir, run }: Installation): Promise<void> {
  for (const [id, { task, family, role, path }] of Object.entries(GRAPHS)) {
    const source = join(folder, id);
    mkdirSync(source, { recursive: true });
    copyFileSync(join(FAMILY_GOLDEN, path), join(source, path));
    const licence = { spdx: 'Apache-2.0', commercialUse: true };
    const manifest = { id, task, family, licence, files: [{ role, path }] };
    writeFileSync(join(source, 'pack.json'), JSON.stringify(manifest));
    const { code, errors } = await run(['packs', 'add', source]);
    expect(code, errors).toBe(0);
  }
  installFixturePack(packsDir, DRAWER);
}

/** A server and what it printed at its first start. */
async function serving({ start }: Installation, env: Readonly<Record<string, string>>) {
  const { child, ended } = start(['serve'], env);
  let output = '';
  child.stdout?.on('data', (chunk) => {
    output += chunk;
  });
  await Promise.race([
    vi.waitFor(() => expect(output).toContain('curl'), { timeout: 120_000, interval: 50 }),
    ended.then(({ errors }) => Promise.reject(new Error(`The server did not start: ${errors}`))),
  ]);
  const stop = async () => {
    child.kill('SIGTERM');
    expect((await ended).code).toBe(0);
  };
  const found = (pattern: RegExp) => pattern.exec(output)?.[1] ?? '';
  return {
    ...{ url: found(/(https?:\/\/[^\s/]+)/), key: found(/Bearer (\S+)"/), stop },
    image_url: found(/"image_url": "([^"]+)"/),
  };
}

it('a bundle brings every operation to a data folder that never sees a network', async () => {
  const root = mkdtempSync(join(tmpdir(), 'garnish-air-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const [office, site] = ['office', 'site'].map((name) => {
    mkdirSync(join(root, name));
    return installation(join(root, name));
  }) as [Installation, Installation];
  await installedAt(office);
  const bundle = join(root, 'all.bundle');
  const ids = ['cutter', 'enlarger', DRAWER];
  const exported = await office.run(['packs', 'export', ...ids, '--to', bundle, '--json']);
  expect(exported.code, exported.errors).toBe(0);
  const { signer } = JSON.parse(exported.output);

  const { env, asked } = refuseNetwork(root);
  const imported = await site.run(['packs', 'import', bundle, '--trust', signer], env);
  expect(imported.code, imported.errors).toBe(0);
  rmSync(office.folder, { recursive: true }); // nothing of it can be read any more
  const { url, key, image_url, stop } = await serving(site, env);

  /** Call an operation; gives its pack and the size of its first picture. */
  const made = async (path: string, body: object) => {
    const answer = await fetch(`${url}${path}`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
    const text = await answer.text();
    expect(answer.status, text).toBe(200);
    const { result_url, images } = JSON.parse(text);
    const picture = await fetch(result_url ?? images[0].url);
    const { width, height } = await sharp(Buffer.from(await picture.arrayBuffer())).metadata();
    return { pack: answer.headers.get('x-model-pack'), size: [width, height] };
  };
  const cut = await made('/api/remove-background', { image_url });
  const [width = 0, height = 0] = cut.size;
  expect(cut.pack).toBe('cutter');
  expect(await made('/api/upscale', { image_url, scale: 2 })).toEqual({
    ...{ pack: 'enlarger', size: [width * 2, height * 2] },
  });
  expect(await made('/api/generate', { prompt: 'a bowl of soup', seed: 1 })).toMatchObject({
    ...{ pack: expect.stringContaining(DRAWER), size: [1024, 1024] },
  });
  expect(asked()).toBe('');
  await stop();
});
