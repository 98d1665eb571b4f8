/** Real exports, imports and additions that are killed where it hurts, and done again. */
import { existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { problemOf, readPackFolders } from '../../src/packs/installed.ts';
import { exportAs, signerOf } from '../packs/bundle/fixture.ts';
import { filesIn, scratch } from '../packs/hub/fixture.ts';
import { writePack } from '../packs/store/fixture.ts';
import { type Installation, installation } from './pack-process.ts';

vi.setConfig({ testTimeout: 120_000 }); // a process takes seconds to start where many run

const FILE_BYTES = 24_000_000;

/** Kill a command as soon as something is so. */
async function killWhen(
  { start }: Installation,
  args: readonly string[],
  isSo: () => boolean,
): Promise<void> {
  const { child, ended } = start(args);
  while (!isSo()) {
    if (child.exitCode !== null) throw new Error(`It ended first: ${(await ended).errors}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  child.kill('SIGKILL');
  await ended;
  expect(child.signalCode).toBe('SIGKILL');
}

/** No pack is there that is not whole. */
async function expectWhole(packsDir: string, ids: readonly string[]): Promise<void> {
  const packs = existsSync(packsDir) ? readPackFolders([packsDir]) : [];
  expect(packs.map(({ manifest }) => manifest?.id)).toEqual(ids);
  for (const pack of packs) expect(await problemOf(pack)).toBeUndefined();
}

it('an import that is killed again and again goes on, and ends verified', async () => {
  const from = scratch();
  const ids = ['broth', 'soup', 'stew'];
  const folders = ids.map((id) =>
    writePack(from, id, { 'a.bin': FILE_BYTES, 'b.bin': FILE_BYTES }),
  );
  const bundle = join(from, 'a.bundle');
  await exportAs(from, folders, bundle);
  const site = installation(scratch());
  const { packsDir, run } = site;
  const args = ['packs', 'import', bundle, '--trust', signerOf(from), '--json'];
  const sizeOf = (path: string) =>
    statSync(join(packsDir, path), { throwIfNoEntry: false })?.size ?? 0;
  const isThere = (path: string) => existsSync(join(packsDir, path));
  const moments: readonly (readonly [() => boolean, readonly string[]])[] = [
    [() => sizeOf('.staging-broth/part') > 0, []],
    [() => isThere('.staging-broth/pack/a.bin'), []],
    [() => isThere('broth/pack.json'), ['broth']],
    [() => sizeOf('.staging-soup/part') > FILE_BYTES / 2, ['broth']],
    [() => isThere('soup') && sizeOf('.staging-stew/part') > 0, ['broth', 'soup']],
    [() => isThere('.staging-stew/pack/a.bin'), ['broth', 'soup']],
  ];
  for (const [isSo, whole] of moments) {
    await killWhen(site, args, isSo);
    await expectWhole(packsDir, whole);
  }
  const { code, output, errors } = await run(args);
  expect({ code, errors }).toMatchObject({ code: 0 });
  const { packs } = JSON.parse(output) as { packs: { wasThere: boolean; copiedBytes: number }[] };
  expect(packs.map(({ wasThere }) => wasThere)).toEqual([true, true, false]);
  expect(packs[2]?.copiedBytes).toBe(FILE_BYTES);
  await expectWhole(packsDir, ids);
  expect(filesIn(packsDir).filter((name) => name.startsWith('.'))).toEqual([]);
  for (const folder of folders) {
    for (const name of ['a.bin', 'b.bin']) {
      const place = join(packsDir, folder.slice(from.length), name);
      expect(readFileSync(place).equals(readFileSync(join(folder, name)))).toBe(true);
    }
  }
  expect(await run(['packs', 'verify'])).toMatchObject({ code: 0 });
});

it('an addition that is killed leaves no half of a pack, and is done again', async () => {
  const site = installation(scratch());
  const { packsDir, folder, run } = site;
  mkdirSync(packsDir);
  const source = writePack(folder, 'soup', { 'a.bin': FILE_BYTES, 'b.bin': FILE_BYTES });
  const args = ['packs', 'add', source, '--no-try'];
  const staged = (name: string) => existsSync(join(packsDir, '.staging-soup', name));
  for (const name of ['part', 'pack/a.bin', 'pack/b.bin']) {
    await killWhen(site, args, () => staged(name));
    const isPlaced = existsSync(join(packsDir, 'soup'));
    if (name !== 'pack/b.bin') expect(isPlaced).toBe(false);
    await expectWhole(packsDir, isPlaced ? ['soup'] : []);
  }
  expect(await run([...args, '--replace'])).toMatchObject({ code: 0, errors: '' });
  await expectWhole(packsDir, ['soup']);
  expect(filesIn(packsDir).filter((name) => name.startsWith('.'))).toEqual([]);
  expect((await run(['packs', 'verify', 'soup'])).output).toMatch(/soup +whole/);
});

it('an export that is killed leaves no bundle, and is done again', async () => {
  const office = installation(scratch());
  const { packsDir, folder, run } = office;
  mkdirSync(packsDir);
  const ids = ['broth', 'soup'];
  for (const id of ids) writePack(packsDir, id, { 'a.bin': FILE_BYTES, 'b.bin': FILE_BYTES });
  const bundle = join(folder, 'a.bundle');
  const args = ['packs', 'export', ...ids, '--to', bundle, '--json'];
  const part = `${bundle}.part`;
  const partBytes = () => statSync(part, { throwIfNoEntry: false })?.size ?? 0;
  for (const bytes of [0, FILE_BYTES, 2 * FILE_BYTES]) {
    rmSync(part, { force: true });
    await killWhen(office, args, () => partBytes() > bytes);
    expect(existsSync(bundle)).toBe(false);
  }
  expect(partBytes()).toBeGreaterThan(2 * FILE_BYTES); // the last one is in the way of the next
  const { code, output, errors } = await run(args);
  expect({ code, errors }).toMatchObject({ code: 0 });
  expect(statSync(bundle).size).toBe(JSON.parse(output).bytes);
  expect(existsSync(part)).toBe(false);
  const site = installation(scratch());
  const { signer } = JSON.parse(output);
  const imported = await site.run(['packs', 'import', bundle, '--trust', signer]);
  expect({ code: imported.code, errors: imported.errors }).toMatchObject({ code: 0 });
  await expectWhole(site.packsDir, ids);
});
