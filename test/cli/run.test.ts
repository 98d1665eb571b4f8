/** `garnish run`, as it is typed: results, names, what is skipped, what is told. */
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type RunBench, resultOf, runBench } from './run-process.ts';

/** Folders of runs that were not deleted. */
const leftovers = ({ temporary, out }: RunBench): readonly string[] => [
  ...readdirSync(temporary).filter((name) => name.startsWith('garnish-run-')),
  ...readdirSync(out).filter((name) => name === '.garnish-run'),
];

const states = (files: readonly Readonly<Record<string, unknown>>[]) =>
  Object.fromEntries(files.map(({ source, state }) => [String(source).split('/').at(-1), state]));

describe('a run', () => {
  test('keeps folders, names by the result, and leaves out what is hidden, linked or no picture', async () => {
    const bench = runBench();
    await bench.draw('soup.jpg');
    await bench.draw('menu/day/cake.png');
    await bench.draw('.hidden.jpg');
    await bench.draw('.trash/old.jpg');
    symlinkSync(join(bench.photos, 'soup.jpg'), join(bench.photos, 'link.jpg'));
    symlinkSync(bench.photos, join(bench.photos, 'loop'));
    writeFileSync(join(bench.photos, 'notes.txt'), 'no picture');
    const { code, output } = await bench.run('remove-background', bench.photos, '--out', bench.out);
    expect(bench.results()).toEqual(['menu/day/cake.png', 'soup.png']);
    expect(output).toMatch(/^done {4}.*photos\/soup\.jpg -> soup\.png \(64x64\)$/m);
    expect(output).toMatch(/^2 done, 0 skipped \(done before\), 0 failed, in \d:\d\d$/m);
    expect(code).toBe(0);
    expect(leftovers(bench)).toEqual([]);
  });

  test('enhances, with fields and options of the contract', async () => {
    const bench = runBench();
    await bench.draw('soup.jpg');
    const args = ['enhance', bench.photos, '--out', bench.out] as const;
    const { files } = await bench.json(...args, '--platform', 'swiggy', '--upscale', 'false');
    expect(files[0]).toMatchObject({ output: 'soup.jpg', width: 64, height: 64 });
    const whole = await bench.json(...args, '--preset', 'social-media', '--crop', 'false');
    expect(whole.files[0]).toMatchObject({ state: 'done', width: 128, height: 128 });
    const cutout = await bench.json(...args, '--remove-background');
    expect(cutout.files[0]).toMatchObject({ output: 'soup.png' });
  });

  test('lays cutouts on a picture of this machine, and does them again when that changes', async () => {
    const bench = runBench();
    const ground = await bench.draw('ground.png');
    const soup = await bench.draw('soup.jpg');
    const args = ['remove-background', soup, '--out', bench.out, '--background', ground] as const;
    const first = await bench.json(...args, '--format', 'jpg');
    expect(first.files[0]).toMatchObject({ state: 'done', output: 'soup.jpg' });
    expect((await bench.json(...args, '--format', 'jpg')).summary).toMatchObject({ skipped: 1 });
    await bench.draw('ground.png', 'plain', 48);
    expect((await bench.json(...args, '--format', 'jpg')).summary).toMatchObject({ done: 1 });
  });

  test('passes the options on, and takes its results for no sources', async () => {
    const bench = runBench();
    const source = await bench.draw('soup.jpg');
    const inside = join(bench.photos, 'done');
    const args = ['upscale', bench.photos, source, '--out', inside, '--scale', '4'] as const;
    const first = await bench.json(...args, '--format', 'webp');
    expect(first.files).toHaveLength(1);
    expect(first.files[0]).toMatchObject({ output: 'soup.webp', width: 256, height: 256 });
    const bytes = readFileSync(join(inside, 'soup.webp'));
    expect(bytes.toString('latin1', 8, 12)).toBe('WEBP');
    expect(first.files[0]?.['sha256']).toBe(createHash('sha256').update(bytes).digest('hex'));
    const second = await bench.json(...args, '--format', 'webp');
    expect(second.summary).toMatchObject({ done: 0, skipped: 1 });
  });

  test('tells of every failure at the end, does the rest, and tries the failed ones again', async () => {
    const bench = runBench();
    await bench.draw('a.png');
    await bench.draw('z.png');
    const whole = readFileSync(await bench.draw('cut.png'));
    writeFileSync(join(bench.photos, 'cut.png'), whole.subarray(0, whole.length - 40));
    writeFileSync(join(bench.photos, 'text.jpg'), 'no picture');
    const args = ['upscale', bench.photos, '--out', bench.out] as const;
    const { code, output } = await bench.run(...args);
    expect(code).toBe(1);
    expect(bench.results()).toEqual(['a.jpg', 'z.jpg']);
    const summary = output.slice(output.indexOf('2 done'));
    expect(summary).toMatch(/^2 done, 0 skipped \(done before\), 2 failed, in/);
    expect(summary).toMatch(/^Failed:\n {2}.*cut\.png: .+\n {2}.*text\.jpg: .+\n$/m);
    writeFileSync(join(bench.photos, 'cut.png'), whole);
    const again = await bench.json(...args);
    expect(again.code).toBe(1);
    expect(states(again.files)).toEqual({
      'a.png': 'skipped',
      'cut.png': 'done',
      'text.jpg': 'failed',
      'z.png': 'skipped',
    });
    expect(again.summary).toEqual({
      ...{ done: 1, skipped: 2, failed: 1, remaining: 0, seconds: expect.any(Number) },
      failures: [
        {
          source: join(bench.photos, 'text.jpg'),
          code: 'invalid_image',
          reason: expect.stringMatching(/picture|image/i),
        },
      ],
    });
  });
});

describe('names', () => {
  test('of sources that differ in extension or case are told apart, the same each time', async () => {
    const bench = runBench();
    for (const name of ['a.jpg', 'a.png', 'A.webp', 'a-2.jpg']) await bench.draw(name);
    const args = ['remove-background', bench.photos, '--out', bench.out] as const;
    const outputs = async (...more: readonly string[]) => {
      const { files } = await bench.json(...args, ...more);
      return Object.fromEntries(
        files.map(({ source, output }) => [String(source).split('/').at(-1), output]),
      );
    };
    const given = {
      'A.webp': 'A.png',
      'a-2.jpg': 'a-2.png',
      'a.jpg': 'a-3.png',
      'a.png': 'a-4.png',
    };
    expect(await outputs()).toEqual(given);
    await bench.draw('0/a.jpg'); // sorted first, but elsewhere
    await bench.draw('a.jpeg.png');
    expect(await outputs('--force')).toMatchObject(given);
  });

  test('that a file bears which no run wrote are not given', async () => {
    const bench = runBench();
    await bench.draw('a.jpg');
    mkdirSync(bench.out);
    const own = await bench.draw('own.png');
    renameSync(own, join(bench.out, 'a.png'));
    const before = resultOf(bench, 'a.png');
    await bench.run('remove-background', bench.photos, '--out', bench.out);
    expect(bench.results()).toEqual(['a-2.png', 'a.png']);
    expect(resultOf(bench, 'a.png')).toEqual(before);
    // A source inside the folder for results is not overwritten by its own result either.
    const source = join(bench.out, 'a.png');
    await bench.run('remove-background', source, '--out', bench.out);
    expect(resultOf(bench, 'a.png')).toEqual(before);
    expect(bench.results()).toEqual(['a-2.png', 'a-3.png', 'a.png']);
  });
});

describe('what is done', () => {
  test('is skipped until source, options or result change, or --force', async () => {
    const bench = runBench();
    const a = await bench.draw('a.jpg');
    await bench.draw('b.jpg');
    const args = ['upscale', bench.photos, '--out', bench.out] as const;
    const run = async (...more: readonly string[]) => (await bench.json(...args, ...more)).files;
    expect(states(await run())).toEqual({ 'a.jpg': 'done', 'b.jpg': 'done' });
    expect(states(await run())).toEqual({ 'a.jpg': 'skipped', 'b.jpg': 'skipped' });
    utimesSync(a, new Date(), new Date(statSync(a).mtimeMs + 5_000));
    expect(states(await run())).toEqual({ 'a.jpg': 'done', 'b.jpg': 'skipped' });
    rmSync(join(bench.out, 'b.jpg'));
    expect(states(await run())).toEqual({ 'a.jpg': 'skipped', 'b.jpg': 'done' });
    writeFileSync(join(bench.out, 'a.jpg'), 'cut off');
    expect(states(await run())).toEqual({ 'a.jpg': 'done', 'b.jpg': 'skipped' });
    expect(states(await run('--scale', '4'))).toEqual({ 'a.jpg': 'done', 'b.jpg': 'done' });
    expect(states(await run('--scale', '2'))).toEqual({ 'a.jpg': 'done', 'b.jpg': 'done' });
    expect(states(await run('--force'))).toEqual({ 'a.jpg': 'done', 'b.jpg': 'done' });
    expect(bench.results()).toEqual(['a.jpg', 'b.jpg']);
  }, 90_000);

  test('survives a kill in the middle: nothing half, nothing twice, nothing left over', async () => {
    const bench = runBench();
    await bench.draw('1.png');
    await bench.draw('2.png');
    await bench.draw('3.png', 'slow', 256);
    await bench.draw('4.png');
    const args = ['upscale', bench.photos, '--out', bench.out] as const;
    const cut = bench.start(...args);
    await cut.says('2.png');
    cut.child.kill('SIGKILL');
    await cut.exit;
    expect(bench.results()).toEqual(['1.jpg', '2.jpg']);
    expect(leftovers(bench)).toHaveLength(2);
    // What a kill at a worse moment leaves: a part of a copy, a part of a line.
    writeFileSync(join(bench.out, '.garnish-run', '7.part'), 'half');
    appendFileSync(join(bench.out, '.garnish-run.jsonl'), '{"operation":"upscale","sour');
    const { code, files } = await bench.json(...args);
    expect(code).toBe(0);
    expect(states(files)).toEqual({
      ...{ '1.png': 'skipped', '2.png': 'skipped', '3.png': 'done', '4.png': 'done' },
    });
    expect(bench.results()).toEqual(['1.jpg', '2.jpg', '3.jpg', '4.jpg']);
    expect(leftovers(bench)).toEqual([]);
    expect((await bench.json(...args)).summary).toMatchObject({ done: 0, skipped: 4 });
  }, 90_000);
});

describe('signals', () => {
  test('Ctrl-C lets the running file end, begins no other, and sums up', async () => {
    const bench = runBench();
    await bench.draw('1.png');
    await bench.draw('2.png', 'slow', 128);
    await bench.draw('3.png');
    const run = bench.start('upscale', bench.photos, '--out', bench.out);
    await run.says('1.png');
    run.child.kill('SIGINT');
    expect(await run.exit).toBe(130);
    expect(bench.results()).toEqual(['1.jpg', '2.jpg']);
    expect(run.output()).toMatch(/^2 done, .*, 0 failed, 1 not begun, in/m);
    expect(leftovers(bench)).toEqual([]);
  }, 60_000);

  test('a second Ctrl-C ends at once and leaves nothing', async () => {
    const bench = runBench();
    await bench.draw('1.png');
    await bench.draw('2.png', 'slow', 1024);
    const run = bench.start('upscale', bench.photos, '--out', bench.out);
    await run.says('1.png');
    run.child.kill('SIGINT');
    await run.says('once more stops at once');
    const askedMs = performance.now();
    run.child.kill('SIGINT');
    expect(await run.exit).toBe(130);
    expect(performance.now() - askedMs).toBeLessThan(2_000);
    expect(bench.results()).toEqual(['1.jpg']);
    expect(leftovers(bench)).toEqual([]);
  }, 60_000);
});

test('--watch takes files as they come and come to rest, changed ones again, until Ctrl-C', async () => {
  const bench = runBench();
  await bench.draw('first.png');
  const whole = readFileSync(await bench.draw('later.png'));
  rmSync(join(bench.photos, 'later.png'));
  const run = bench.start('upscale', bench.photos, '--out', bench.out, '--watch');
  await run.says('first.png');
  const path = join(bench.photos, 'later.png');
  for (let at = 0; at < whole.length; at += Math.ceil(whole.length / 4)) {
    appendFileSync(path, whole.subarray(at, at + Math.ceil(whole.length / 4)));
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  await run.says('later.png');
  await bench.draw('new/deep.png');
  await run.says('deep.png');
  await bench.draw('first.png', 'plain', 80);
  await run.says('first.jpg (160x160)');
  run.child.kill('SIGINT');
  expect(await run.exit).toBe(130);
  expect(bench.results()).toEqual(['first.jpg', 'later.jpg', 'new/deep.jpg']);
  expect(run.output()).toMatch(/^4 done, 0 skipped \(done before\), 0 failed, in/m);
}, 60_000);

test('two runs do not write to one folder at the same time', async () => {
  const bench = runBench();
  await bench.draw('1.png');
  await bench.draw('2.png', 'slow', 1024);
  const args = ['upscale', bench.photos, '--out', bench.out] as const;
  const first = bench.start(...args);
  await first.says('1.png');
  const second = await bench.run(...args);
  expect(second).toMatchObject({ code: 2, output: '' });
  expect(second.errors).toMatch(/^garnish: Another run \(process \d+ on .+\) writes to .*out\./);
  expect(existsSync(join(bench.out, '.garnish-run', 'lock'))).toBe(true);
}, 60_000);

describe('usage', () => {
  const wrong: readonly (readonly [readonly string[], RegExp])[] = [
    [['upscale', 'PHOTOS', '--out', 'OUT', '--scale', '3'], /Expected 2 or 4 for scale\./],
    [
      ['upscale', 'PHOTOS', '--out', 'OUT', '--background', '#ffffff'],
      /Unknown option options\.background/,
    ],
    [
      ['remove-background', 'PHOTOS', '--out', 'OUT', '--scale', '2'],
      /Unknown option options\.scale/,
    ],
    [['remove-background', 'PHOTOS', '--out', 'OUT', '--format', 'jpg'], /options\.format/],
    [['remove-background', 'PHOTOS', '--out', 'OUT', '--background', 'red'], /#rrggbb/],
    [['enhance', 'PHOTOS', '--out', 'OUT', '--preset', 'bright'], /preset/],
    [['enhance', 'PHOTOS', '--out', 'OUT', '--platform', 'Uber Eats'], /options\.platform/],
    [['generate', 'PHOTOS', '--out', 'OUT'], /generate makes pictures of prompts, not of files/],
    [
      ['blur', 'PHOTOS', '--out', 'OUT'],
      /There is no operation blur: enhance, remove-background, upscale\./,
    ],
    [['upscale', 'PHOTOS', '--out', 'PHOTOS'], /--out must be another folder/],
    [['upscale', 'PHOTOS/none', '--out', 'OUT'], /There is no .*none\./],
    [['upscale', 'PHOTOS'], /required option '--out <dir>'/],
    [['upscale', '--out', 'OUT'], /missing required argument 'files'/],
  ];
  test('mistakes are one line and exit code 2, and touch nothing', async () => {
    const bench = runBench();
    for (const [args, message] of wrong) {
      const real = args.map((arg) => arg.replace('PHOTOS', bench.photos).replace('OUT', bench.out));
      const { code, errors } = await bench.run(...real);
      expect(errors).toMatch(message);
      expect(code, args.join(' ')).toBe(2);
      expect(existsSync(bench.out)).toBe(false);
    }
  }, 90_000);
});
