/** Packs that go, and what stopped work left. */
import { existsSync, mkdirSync, renameSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { prunePacks } from '../../../src/packs/store/prune.ts';
import { removePack } from '../../../src/packs/store/remove-pack.ts';
import { filesIn, scratch } from '../hub/fixture.ts';
import { writePack } from './fixture.ts';

let packsDir: string;
beforeEach(() => {
  packsDir = join(scratch(), 'packs');
  mkdirSync(packsDir);
});

describe('removing', () => {
  const remove = (id: string, isDryRun = false, named: readonly string[] = []) =>
    removePack(id, { packsDir, isDryRun, named });

  it('deletes a pack and tells its bytes, which a dry run does too', async () => {
    const folder = writePack(packsDir, 'soup', { 'a/model.onnx': 1000 });
    writePack(packsDir, 'stew');
    const told = await remove('soup', true);
    expect(told.folder).toBe(folder);
    expect(told.bytes).toBeGreaterThan(1000);
    expect(existsSync(folder)).toBe(true);
    expect(await remove('soup')).toEqual(told);
    expect(filesIn(packsDir)).toEqual(['stew/model.onnx', 'stew/pack.json']);
  });

  it('finds a pack by its folder when its manifest cannot be read', async () => {
    const folder = writePack(packsDir, 'soup');
    writeFileSync(join(folder, 'pack.json'), '{');
    await remove('soup');
    expect(filesIn(packsDir)).toEqual([]);
  });

  it('takes away a link to a pack, and leaves what it leads to', async () => {
    const elsewhere = scratch();
    writePack(elsewhere, 'soup');
    symlinkSync(join(elsewhere, 'soup'), join(packsDir, 'soup'));
    await remove('soup');
    expect(existsSync(join(packsDir, 'soup'))).toBe(false);
    expect(filesIn(elsewhere)).toEqual(['soup/model.onnx', 'soup/pack.json']);
  });

  it('refuses what comes with the server, what a setting names, and what is not there', async () => {
    writePack(packsDir, 'soup');
    await expect(remove('garnish-cutout')).rejects.toThrow('comes with the server');
    await expect(remove('soup', false, ['soup'])).rejects.toThrow('GARNISH_MODEL_PACKS names soup');
    await expect(remove('broth')).rejects.toThrow(`There is no pack broth in ${packsDir}.`);
    expect(filesIn(packsDir)).toHaveLength(2);
  });

  it('refuses to choose between two folders of one id', async () => {
    writePack(packsDir, 'soup');
    renameSync(join(packsDir, 'soup'), join(packsDir, 'a'));
    writePack(packsDir, 'soup');
    await expect(remove('soup')).rejects.toThrow(/soup is in .*a and in .*soup\. Move one away/);
  });
});

describe('pruning', () => {
  const HOUR_MS = 3_600_000;
  const prune = (change: object = {}) =>
    prunePacks({
      packsDir,
      olderThanMs: 24 * HOUR_MS,
      withStrays: false,
      isDryRun: false,
      ...change,
    });

  const put = (path: string, ageH: number, text = 'x'.repeat(100)) => {
    const place = join(packsDir, path);
    mkdirSync(join(place, '..'), { recursive: true });
    writeFileSync(place, text);
    const then = new Date(Date.now() - ageH * HOUR_MS);
    for (let at = place; at !== packsDir; at = join(at, '..')) utimesSync(at, then, then);
  };

  it('deletes old leftovers, never a pack, and tells what they were', async () => {
    writePack(packsDir, 'soup', { 'model.onnx': 10, 'listed.part': 10 });
    put('soup/model.onnx.part', 30);
    put('soup/listed.part', 30, 'x'.repeat(10));
    put('.removed-stew-01234567/model.onnx', 0);
    put('.staging-broth/pack/model.onnx', 30);
    put('.staging-fresh/pack/model.onnx', 1);
    put('stray/model.onnx', 30);
    put('lost+found/inode', 30);
    const expected = [
      { path: '.removed-stew-01234567', why: 'a removal that did not end', bytes: 100 },
      { path: '.staging-broth', why: 'unfinished work on broth', bytes: 100 },
      { path: 'soup/model.onnx.part', why: 'part of a file', bytes: 100 },
    ];
    const whole = filesIn(packsDir);
    const told = await prune({ isDryRun: true });
    expect(told).toEqual(expected.map((one) => ({ ...one, deleted: false })));
    expect(filesIn(packsDir)).toEqual(whole);
    expect(await prune()).toEqual(expected.map((one) => ({ ...one, deleted: true })));
    expect(filesIn(packsDir)).toEqual([
      ...['.staging-fresh/pack/model.onnx', 'lost+found/inode'],
      ...['soup/listed.part', 'soup/model.onnx', 'soup/pack.json', 'stray/model.onnx'],
    ]);
    expect(await prune()).toEqual([]);
    expect((await prune({ withStrays: true })).map(({ path }) => path)).toEqual(['stray']);
  });

  it('leaves what a process is at work in', async () => {
    put('.staging-broth/pack/model.onnx', 30);
    const holder = { pid: process.ppid, host: hostname() };
    writeFileSync(join(packsDir, '.staging-broth', 'lock'), JSON.stringify(holder));
    expect(await prune({ olderThanMs: -HOUR_MS })).toEqual([]);
  });

  it('gives a pack back that was just being replaced when everything stopped', async () => {
    writePack(packsDir, 'soup');
    put('.staging-soup/pack/model.onnx', 30);
    renameSync(join(packsDir, 'soup'), join(packsDir, '.staging-soup', 'old'));
    await prune({ olderThanMs: -HOUR_MS });
    expect(filesIn(packsDir)).toEqual(['soup/model.onnx', 'soup/pack.json']);
  });

  it('has nothing to do where there is no folder', async () => {
    expect(await prune({ packsDir: join(packsDir, 'nowhere') })).toEqual([]);
  });
});
