/** The answers of the contract: exactly these keys, in this order. */
import { z } from 'zod';

/** A moment on the wire: UTC, whole seconds. */
export const wireTimestamp = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/)
  .meta({ example: '2026-02-09T12:00:00Z', description: 'UTC, whole seconds.' });
const credits = z.int().min(0);
const size = z.strictObject({ width: z.int().min(1), height: z.int().min(1) });
const id = (prefix: string) =>
  z
    .string()
    .regex(new RegExp(`^${prefix}_[a-z0-9]{26}$`))
    .meta({ example: `${prefix}_9m2k4x7q1c8v5b3n6z0a2s4d7f` });

/** Id of a job of any operation. */
export const jobId = z
  .string()
  .regex(/^(?:gen|enh|bg|up)_[a-z0-9]{26}$/)
  .meta({ example: 'bg_9m2k4x7q1c8v5b3n6z0a2s4d7f' });

/** Answer of POST /api/generate. */
export const generateResponse = z
  .strictObject({
    id: id('gen'),
    status: z.literal('completed'),
    credits_used: credits,
    images: z.array(z.strictObject({ url: z.url(), width: z.int(), height: z.int() })),
    model: z.string(),
    created_at: wireTimestamp,
  })
  .meta({ id: 'GenerateResponse' });

/** Answer of POST /api/enhance. */
export const enhanceResponse = z
  .strictObject({
    id: id('enh'),
    status: z.literal('completed'),
    credits_used: credits,
    original_url: z.url(),
    enhanced_url: z.url(),
    width: z.int(),
    height: z.int(),
    created_at: wireTimestamp,
  })
  .meta({ id: 'EnhanceResponse' });

/** Answer of POST /api/remove-background. */
export const removeBackgroundResponse = z
  .strictObject({
    id: id('bg'),
    status: z.literal('completed'),
    credits_used: credits,
    result_url: z.url(),
    format: z.enum(['png', 'jpg', 'webp']),
    created_at: wireTimestamp,
  })
  .meta({ id: 'RemoveBackgroundResponse' });

/** Answer of POST /api/upscale. */
export const upscaleResponse = z
  .strictObject({
    id: id('up'),
    status: z.literal('completed'),
    credits_used: credits,
    result_url: z.url(),
    original_size: size,
    upscaled_size: size,
    created_at: wireTimestamp,
  })
  .meta({ id: 'UpscaleResponse' });

/** Answer of GET /api/models. */
export const modelsResponse = z
  .strictObject({
    models: z.array(
      z.strictObject({
        id: z.string(),
        name: z.string(),
        credits_per_image: credits,
        max_resolution: z.string().regex(/^\d+x\d+$/),
        supports: z.array(z.string()),
      }),
    ),
  })
  .meta({ id: 'ModelsResponse' });

/** Answer of GET /api/account/credits. */
export const creditsResponse = z
  .strictObject({
    credits: z.int(),
    subscription_plan: z.enum(['starter', 'growth', 'pro', 'enterprise']),
    subscription_status: z.enum(['active', 'suspended', 'cancelled']),
    credits_used_this_month: credits,
    next_renewal: wireTimestamp,
  })
  .meta({ id: 'CreditsResponse' });

/** Answer of POST /api/uploads. */
export const uploadResponse = z
  .strictObject({
    image_url: z.url(),
    width: z.int(),
    height: z.int(),
    expires_at: wireTimestamp,
  })
  .meta({ id: 'UploadResponse' });

/** The envelope of every error; the last three keys come with 402 only. */
export const errorResponse = z
  .strictObject({
    error: z.strictObject({
      code: z.string(),
      message: z.string(),
      required_credits: credits.optional(),
      available_credits: z.int().optional(),
      upgrade_url: z.url().optional(),
    }),
  })
  .meta({ id: 'ErrorResponse' });

/** `created_at` and its like: UTC, whole seconds. */
export const wireTime = (timeMs: number): string =>
  `${new Date(timeMs).toISOString().slice(0, 19)}Z`;
