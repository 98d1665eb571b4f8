/**
 * The request bodies of the contract. Unknown fields are ignored, except inside `options`, where a
 * typo would silently change the result. The wire's snake_case becomes camelCase here and nowhere else.
 */
import { z } from 'zod';
import { characterCount, textProblem } from './text.ts';

const MAX_PROMPT_CHARACTERS = 2000;

const text = (maxCharacters: number) =>
  z
    .string()
    .transform((value) => value.trim())
    .superRefine((value, context) => {
      const length = characterCount(value);
      const problem =
        length < 1 || length > maxCharacters
          ? `1 to ${maxCharacters} characters`
          : textProblem(value);
      if (problem !== undefined) {
        context.addIssue({ code: 'custom', message: `a text with ${problem}` });
      }
    });

const imageUrl = z.string().meta({
  description:
    'An http(s) address the server may reach, a result of this server, or an upload (POST /api/uploads).',
  example: 'https://example.com/burger.jpg',
});

const format = z.enum(['jpg', 'png', 'webp']);

const seed = z
  .int()
  .min(0)
  .transform((value) => value + 0); // -0 becomes 0

/** An `options` object: unknown keys are refused by name, as are those this version cannot do yet. */
const optionsObject = <Shape extends z.core.$ZodLooseShape>(
  shape: Shape,
  notYet: readonly string[] = [],
) =>
  z.strictObject(shape, {
    error: (issue) => {
      if (issue.code !== 'unrecognized_keys') return undefined;
      const key = String(issue.keys?.[0]);
      return notYet.includes(key)
        ? `options.${key} is not there yet in this version.`
        : `Unknown option options.${key}. Allowed: ${Object.keys(shape).join(', ')}.`;
    },
  });

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

const enhanceOptions = optionsObject({
  upscale: z.boolean().default(true),
  remove_background: z.boolean().default(false),
  platform: z.string().min(1).max(64).optional(),
  crop: z.boolean().default(true),
  format: format.optional(),
});

/** POST /api/enhance. */
export const enhanceRequest = z
  .object({
    image_url: imageUrl,
    preset: z
      .enum(['delivery-optimized', 'social-media', 'print-ready', 'balanced'])
      .default('balanced'),
    options: enhanceOptions.prefault({}),
  })
  .transform(({ image_url, preset, options }) => ({
    imageUrl: image_url,
    preset,
    options: {
      upscale: options.upscale,
      removeBackground: options.remove_background,
      platform: options.platform,
      crop: options.crop,
      format: options.format,
    },
  }))
  .meta({ id: 'EnhanceRequest' });

/** Options of the contract that this version refuses by name rather than ignores. */
const NOT_YET = ['shadow', 'crop', 'margin', 'align', 'width', 'height'] as const;

const removeBackgroundOptions = optionsObject(
  {
    output: z.enum(['cutout', 'mask']).default('cutout'),
    background: z
      .string()
      .regex(/^#[0-9a-fA-F]{6}$/, 'a colour as #rrggbb (pictures and blur are not there yet)')
      .optional()
      .meta({ description: 'Colour laid under the dish.', example: '#f4efe6' }),
    format: format.optional().meta({
      description: 'Default png; jpg needs a background or a mask.',
    }),
  },
  NOT_YET,
).superRefine((options, context) => {
  if (options.format === 'jpg' && options.output === 'cutout' && options.background === undefined) {
    context.addIssue({
      code: 'custom',
      path: ['format'],
      message: 'png or webp without options.background (JPEG has no transparency)',
    });
  }
  if (options.output === 'mask' && options.background !== undefined) {
    context.addIssue({
      code: 'custom',
      path: ['background'],
      message: 'nothing (a mask has no background)',
    });
  }
});

/** `#f4efe6` → [244, 239, 230]. */
const rgbOf = (hex: string): readonly [number, number, number] => [
  Number.parseInt(hex.slice(1, 3), 16),
  Number.parseInt(hex.slice(3, 5), 16),
  Number.parseInt(hex.slice(5, 7), 16),
];

/** POST /api/remove-background. */
export const removeBackgroundRequest = z
  .object({ image_url: imageUrl, options: removeBackgroundOptions.prefault({}) })
  .transform(({ image_url, options }) => ({
    imageUrl: image_url,
    options: {
      output: options.output,
      background: options.background === undefined ? undefined : rgbOf(options.background),
      format: options.format ?? ('png' as const),
    },
  }))
  .meta({ id: 'RemoveBackgroundRequest' });

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
