/**
 * Presets of enhancements, from the file beside this one: how far each goes beyond mending, which frame it has, how
 * large it may become. `version` grows with every change of a figure, because the same picture then comes out another.
 */
import { readFileSync } from 'node:fs';
import { z } from 'zod';

const part = z.number().min(0).max(1);
/** Width to height. */
const ratio = z.number().min(0.1).max(10);

const presetSchema = z
  .strictObject({
    look: z.strictObject({
      correction: part,
      brightness: part,
      contrast: part,
      saturation: part,
      localContrast: part,
      sharpness: part,
    }),
    framing: z.strictObject({
      maxTiltDegrees: z.number().min(0).max(3),
      /** Any of these; absent: the picture's own. */
      ratios: z
        .array(z.strictObject({ least: ratio, most: ratio }))
        .min(1)
        .optional(),
    }),
    longestSidePx: z.int().min(1),
    dotsPerInch: z.int().min(1).optional(),
  })
  .transform(({ framing: { maxTiltDegrees, ratios }, dotsPerInch, ...rest }) => ({
    ...rest,
    framing: { maxTiltDegrees, ...(ratios === undefined ? {} : { ratios }) },
    ...(dotsPerInch === undefined ? {} : { dotsPerInch }),
  }));

const schema = z.strictObject({
  version: z.int().min(1),
  presets: z.strictObject({
    balanced: presetSchema,
    'delivery-optimized': presetSchema,
    'social-media': presetSchema,
    'print-ready': presetSchema,
  }),
});

/** Every preset. */
export type Presets = Readonly<z.infer<typeof schema>>;

/** Read the presets. */
export function loadPresets(): Presets {
  const text = readFileSync(new URL('./presets.json', import.meta.url), 'utf8');
  return schema.parse(JSON.parse(text));
}
