/** The body of POST /api/enhance: which preset, for which platform, and what comes with it. */
import { z } from 'zod';
import { format, imageUrl, optionsObject } from './fields.ts';

/** An id of GET /api/platforms, alone or with one of its placements. */
const PLATFORM = /^[a-z0-9-]{1,64}(?:\/[a-z0-9-]{1,64})?$/;

const enhanceOptions = optionsObject({
  upscale: z.boolean().default(true).meta({
    description: 'Up to twice the size, at most 2048 pixels on the long side (print-ready: 4096).',
  }),
  remove_background: z.boolean().default(false).meta({
    description: 'The result is the dish alone, with transparency.',
  }),
  platform: z
    .string()
    .regex(PLATFORM, 'an id of GET /api/platforms, alone or with a placement: uber-eats/cover')
    .optional()
    .meta({
      description: 'Frame, size, bytes and format are those that the platform asks for.',
      example: 'uber-eats',
    }),
  crop: z.boolean().default(true).meta({
    description: 'false keeps the frame: nothing is cropped or straightened.',
  }),
  format: format.optional().meta({
    description: 'Default jpg; png where the result has transparency.',
  }),
}).superRefine(({ format: kind, remove_background: isCutout }, context) => {
  if (kind !== 'jpg' || !isCutout) return;
  const message = 'png or webp with options.remove_background (JPEG has no transparency)';
  context.addIssue({ code: 'custom', path: ['format'], message });
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
