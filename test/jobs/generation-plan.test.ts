import { describe, expect, test } from 'vitest';
import { ApiError } from '../../src/errors.ts';
import { type Generator, planGeneration, sizeOf } from '../../src/jobs/generation-plan.ts';
import type { GenerateRequest } from '../../src/jobs/job.ts';
import { GENERATE, GENERATOR, PACKS } from './fixture.ts';

const { styles } = PACKS;
const SOURCE = 'https://pictures.example/dish.jpg';

const plan = (
  changes: Partial<Omit<GenerateRequest, 'options'>> & {
    readonly options?: Partial<GenerateRequest['options']>;
  } = {},
  generator: Partial<Generator> = {},
) =>
  planGeneration(
    { ...GENERATE, ...changes, options: { ...GENERATE.options, ...changes.options } },
    { generator: { ...GENERATOR, ...generator }, styles, upscalerId: 'upscale' },
  );

/** The sentence a request is refused with. */
function refusal(...args: Parameters<typeof plan>): string {
  try {
    plan(...args);
  } catch (error) {
    if (error instanceof ApiError && error.code === 'invalid_request') return error.message;
    throw error;
  }
  throw new Error('It was not refused.');
}

test.each([
  ['1:1', 1024, [1024, 1024]],
  ['4:3', 1024, [1024, 768]],
  ['16:9', 1024, [1024, 576]],
  ['9:16', 1024, [576, 1024]],
  ['4:3', 2048, [2048, 1536]],
  ['16:9', 2048, [2048, 1152]],
  ['9:16', 2048, [1152, 2048]],
] as const)('%s with a longest side of %i is %j', (ratio, longest, [widthPx, heightPx]) => {
  expect(sizeOf(ratio, longest)).toEqual({ widthPx, heightPx });
});

test('absent options are the defaults of the pack, and no edit', () => {
  expect(plan()).toEqual({
    operation: 'generate',
    prompt: `Gourmet burger, ${styles.natural.words}`,
    seed: 7,
    count: 1,
    steps: 20,
    guidanceScale: 7.5,
    size: { widthPx: 1024, heightPx: 1024 },
    upscalerId: 'upscale',
    format: 'png',
  });
});

describe('the words of a style', () => {
  test('come after the prompt, with one comma between', () => {
    const { prompt, negativePrompt } = plan({ prompt: 'A pie.  ', style: 'moody' });
    expect(prompt).toBe(`A pie, ${styles.moody.words}`);
    expect(negativePrompt).toBe(styles.moody.negative);
  });

  test("come after the caller's negative prompt, where the pack takes one", () => {
    const request = { style: 'moody', options: { negativePrompt: 'hair' } } as const;
    expect(plan(request).negativePrompt).toBe(`hair, ${styles.moody.negative}`);
    const distilled = { supports: [] };
    expect(plan({ style: 'moody' }, distilled).negativePrompt).toBeUndefined();
  });

  test('leave a text as it is where there are none', () => {
    expect(plan({ options: { negativePrompt: 'hair.' } }).negativePrompt).toBe('hair.');
  });

  test('change nothing of a picture that is edited in the natural style', () => {
    const request = { prompt: 'Put it on slate.', imageUrl: SOURCE };
    expect(plan(request).prompt).toBe('Put it on slate.');
    expect(plan({ ...request, style: 'bright' }).prompt).toContain(styles.bright.editWords);
  });
});

describe('a source', () => {
  test('is edited by instruction where the pack can, else started from', () => {
    expect(plan({ imageUrl: SOURCE }).edit).toEqual({ kind: 'reference' });
    const { edit } = plan({ imageUrl: SOURCE }, { supports: ['strength'] });
    expect(edit).toEqual({ kind: 'strength', strength: 0.6 });
  });

  test('is started from when a strength is given', () => {
    const { edit } = plan({ imageUrl: SOURCE, options: { strength: 0.3 } });
    expect(edit).toEqual({ kind: 'strength', strength: 0.3 });
  });
});

test.each([
  ['options.image_url', { imageUrl: SOURCE }, { supports: [] }],
  ['options.image_url', { options: { strength: 0.5 } }, {}],
  ['options.strength', { imageUrl: SOURCE, options: { strength: 0.5 } }, { supports: [] }],
  ['options.strength', { imageUrl: SOURCE, options: { strength: 0 } }, {}],
  ['options.strength', { imageUrl: SOURCE, options: { strength: 0.2, steps: 4 } }, {}],
  ['options.negative_prompt', { options: { negativePrompt: 'x' } }, { supports: ['guidance'] }],
  ['options.guidance_scale', { options: { guidanceScale: 1 } }, { supports: [] }],
  ['options.guidance_scale', { options: { guidanceScale: 21 } }, {}],
  ['options.steps', { options: { steps: 51 } }, {}],
] as const)('%s is refused by name: %j of %j', (field, request, generator) => {
  expect(refusal(request, generator)).toContain(field);
});

test('the largest values that a pack allows are taken', () => {
  expect(plan({ options: { steps: 50, guidanceScale: 20 } })).toMatchObject({
    steps: 50,
    guidanceScale: 20,
  });
});
