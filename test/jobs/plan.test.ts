import { expect, test } from 'vitest';
import { loadPrices } from '../../src/accounts/prices.ts';
import { idempotencyToken } from '../../src/jobs/idempotency.ts';
import type { JobRequest } from '../../src/jobs/job.ts';
import { planJob } from '../../src/jobs/plan.ts';
import { codeOf } from '../accounts/caught.ts';
import { REQUEST } from './fixture.ts';

const upscale = (scale: 2 | 4): JobRequest => ({
  operation: 'upscale',
  imageUrl: 'https://pictures.example/dish.jpg',
  scale,
  options: { format: undefined },
});
const prices = loadPrices();

test('each operation has its price, its pack and its place on the CDN', () => {
  const planned = [REQUEST, upscale(2), upscale(4)].map((request) => {
    const plan = planJob(request, (task) => `pack for ${task}`, prices);
    return [plan.idPrefix, plan.resultKind, plan.costCredits, plan.packId];
  });
  expect(planned).toEqual([
    ['bg', 'nobg', 1, 'pack for segmentation'],
    ['up', 'upscaled', 1, 'pack for super-resolution'],
    ['up', 'upscaled', 2, 'pack for super-resolution'],
  ]);
});

test('what no installed pack can do is refused before anything is charged', () => {
  const requests: readonly JobRequest[] = [
    REQUEST,
    upscale(2),
    { operation: 'enhance', imageUrl: 'https://pictures.example/dish.jpg' },
    { operation: 'generate', model: 'flux-2-pro', count: 1 },
  ];
  for (const request of requests) {
    expect(codeOf(() => planJob(request, () => undefined, prices))).toBe('model_unavailable');
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
