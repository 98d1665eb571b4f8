import { expect, test } from 'vitest';
import { loadPrices } from '../../src/accounts/prices.ts';
import { idempotencyToken, storedKey } from '../../src/jobs/idempotency.ts';
import type { JobRequest } from '../../src/jobs/job.ts';
import { costOf, planJob } from '../../src/jobs/plan.ts';
import { codeOf } from '../accounts/caught.ts';
import { ENHANCE, GENERATE, PACKS, REQUEST } from './fixture.ts';

const upscale = (scale: 2 | 4): JobRequest => ({
  operation: 'upscale',
  imageUrl: 'https://pictures.example/dish.jpg',
  scale,
  options: { format: undefined },
});
const prices = loadPrices();
const PAYING = { isSandbox: false };
const SANDBOX = { isSandbox: true };

test('each operation has its price, its pack and its place on the CDN', () => {
  const planned = [REQUEST, ENHANCE, upscale(2), upscale(4)].map((request) => {
    const plan = planJob(
      request,
      PAYING,
      { ...PACKS, packFor: (task) => `pack for ${task}` },
      prices,
    );
    return [plan.idPrefix, plan.resultKind, plan.costCredits, plan.packId];
  });
  expect(planned).toEqual([
    ['bg', 'nobg', 1, 'pack for segmentation'],
    ['enh', 'enhanced', 1, 'pack for enhancement'],
    ['up', 'upscaled', 1, 'pack for super-resolution'],
    ['up', 'upscaled', 2, 'pack for super-resolution'],
  ]);
});

test('generating is priced by model and count, enhancing is one credit', () => {
  const generate = (model: 'flux-2-pro' | 'seeddream' | 'flux-2-max', count: number) =>
    costOf({ ...GENERATE, model, count }, PAYING, prices);
  expect([generate('flux-2-pro', 4), generate('seeddream', 1), generate('flux-2-max', 3)]).toEqual([
    4, 1, 6,
  ]);
  expect(costOf(ENHANCE, PAYING, prices)).toBe(1);
});

test('a sandbox key pays nothing, its results are watermarked, and nothing else differs', () => {
  for (const request of [REQUEST, ENHANCE, upscale(2), upscale(4)]) {
    const [paid, free] = [PAYING, SANDBOX].map((by) => planJob(request, by, PACKS, prices));
    expect(paid).toMatchObject({ isWatermarked: false });
    expect(paid?.costCredits).toBeGreaterThan(0);
    expect(free).toEqual({ ...paid, costCredits: 0, isWatermarked: true });
  }
  const model = 'flux-2-max';
  const generate: JobRequest = { ...GENERATE, model, count: 4 };
  expect(costOf(generate, SANDBOX, prices)).toBe(0);
  expect(costOf(ENHANCE, SANDBOX, prices)).toBe(0);
});

test('what no installed pack can do is refused before anything is charged', () => {
  const requests: readonly JobRequest[] = [REQUEST, upscale(2), ENHANCE, GENERATE];
  for (const request of requests) {
    const none = { ...PACKS, packFor: () => undefined, generatorFor: () => undefined };
    expect(codeOf(() => planJob(request, PAYING, none, prices))).toBe('model_unavailable');
  }
});

test('an idempotency token tells operations and bodies apart', () => {
  const tokens = [
    idempotencyToken('k', 'upscale', { a: 1 }),
    idempotencyToken('k', 'upscale', { a: 2 }),
    idempotencyToken('k', 'enhance', { a: 1 }),
  ];
  expect(new Set(tokens.map(({ bodySha256 }) => bodySha256)).size).toBe(3);
  expect(idempotencyToken('k', 'upscale', { a: 1 })).toEqual(tokens[0]);
});

test('no key that a caller may send is stored as a sandbox key of another call', () => {
  expect(storedKey('order-1', PAYING)).toBe('order-1');
  const stored = storedKey('order-1', SANDBOX);
  expect(stored).toContain('order-1');
  expect(stored).not.toMatch(/^[\x20-\x7e]*$/); // what the contract lets through
});
