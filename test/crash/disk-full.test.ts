import { expect, test } from 'vitest';
import { diskFull } from './disk-full.ts';

test.each([
  ['when a job is taken', 4],
  ['when results and books are written', 0],
])(
  'a full disk, found %s, is told, costs nothing and passes',
  {
    timeout: 120_000,
  },
  async (_found, minFreeMib) => {
    const { skipped, violations } = await diskFull(1, minFreeMib);
    if (skipped !== undefined) process.stderr.write(`${skipped}\n`);
    expect(violations).toEqual([]);
  },
);
