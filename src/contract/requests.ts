/**
 * The request bodies of the contract. Unknown fields are ignored, except inside `options`, where a
 * typo would silently change the result. The wire's snake_case becomes camelCase here and nowhere else.
 */
import { z } from 'zod';
import { format, imageUrl, optionsObject, seed, text } from './fields.ts';

const MAX_PROMPT_CHARACTERS = 2000;

const generateOptions = optionsObject({
  negative_prompt: text(MAX_PROMPT_CHARACTERS).optional().meta({
    description: 'What not to draw; packs without guidance refuse it.',
  }),
  steps: z.int().min(1).max(100).optional().meta({
    description: 'Calls of the network; default and maximum are those of the pack.',
  }),
  guidance_scale: z.number().min(0).max(30).optional().meta({
    description: 'How closely the prompt is followed; default and maximum are those of the pack.',
  }),
  image_url: imageUrl.optional(),
  strength: z.number().min(0).max(1).optional().meta({
    description:
      'How much of the picture of image_url is made anew; absent: a pack that can, edits it by instruction.',
  }),
  format: format.optional().meta({ description: 'Default jpg.' }),
});

/** POST /api/generate. */
export const generateRequest = z
  .object({
    prompt: text(MAX_PROMPT_CHARACTERS).meta({
      description: 'What to draw, 1 to 2,000 characters.',
      example:
        'Gourmet burger with melted cheese, sesame bun, fresh lettuce, on a rustic wooden board',
    }),
    style: z.enum(['natural', 'moody', 'bright', 'overhead', 'macro']).default('natural'),
    model: z.enum(['flux-2-pro', 'seeddream', 'flux-2-max']).default('flux-2-pro'),
    aspect_ratio: z.enum(['1:1', '4:3', '16:9', '9:16']).default('1:1'),
    count: z.int().min(1).max(4).default(1),
    seed: seed.optional(),
    options: generateOptions.default({}),
  })
  .transform(({ aspect_ratio, options, ...rest }) => ({
    ...rest,
    aspectRatio: aspect_ratio,
    options: {
      negativePrompt: options.negative_prompt,
      steps: options.steps,
      guidanceScale: options.guidance_scale,
      imageUrl: options.image_url,
      strength: options.strength,
      format: options.format,
    },
  }))
  .meta({ id: 'GenerateRequest' });

/** POST /api/upscale. */
export const upscaleRequest = z
  .object({
    image_url: imageUrl,
    scale: z.union([z.literal(2), z.literal(4)], '2 or 4').default(2),
    options: optionsObject({ format: format.optional() }).default({}),
  })
  .transform(({ image_url, scale, options }) => ({
    imageUrl: image_url,
    scale,
    options: { format: options.format },
  }))
  .meta({ id: 'UpscaleRequest' });
