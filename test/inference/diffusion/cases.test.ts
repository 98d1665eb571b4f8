/** Every recorded case of the reference, from prompt to picture, at the limits of the fixtures' README. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { caseParity } from '../../../src/inference/diffusion/case-parity.ts';
import { diffusionFixtures } from './fixtures.ts';

const fixtures = diffusionFixtures();
const cpu = { provider: 'cpu', deviceId: 0, threads: 1 } as const;

const names =
  fixtures === null
    ? []
    : readdirSync(join(fixtures, 'cases')).flatMap((model) =>
        readdirSync(join(fixtures, 'cases', model)).map((id) => `${model}/${id}`),
      );

describe.skipIf(fixtures === null)('cases of the reference', () => {
  it('are all there', () => {
    expect(names).toHaveLength(50);
  });

  it.each(names)('%s', async (name) => {
    const [model = ''] = name.split('/');
    const root = fixtures ?? '';
    const pack = join(root, 'models', model);
    const parity = await caseParity(pack, join(root, 'cases', name), cpu);
    expect(parity.stages.length).toBeGreaterThan(8);
    expect(parity.stages.filter((stage) => !(stage.largestDifference <= stage.limit))).toEqual([]);
  });
});
