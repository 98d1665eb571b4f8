/**
 * `inputs` of a pack of the family `diffusers`: what callers may ask of it. What the graphs are is told by
 * the component folder itself.
 */
import { z } from 'zod';

/** Most steps and guidance that a caller may ask of any pack, as the contract says. */
const MAX_STEPS = 100;
const MAX_GUIDANCE = 30;

/**
 * What a pack can do beyond drawing from a prompt: `guidance` (a scale may be chosen), `negativePrompt`,
 * `strength` (starts from a picture), `reference` (edits a picture by instruction).
 */
const abilitySchema = z.enum(['guidance', 'negativePrompt', 'strength', 'reference']);

const upTo = (value: z.ZodNumber | z.ZodInt) =>
  z
    .strictObject({ default: value, max: value })
    .refine((range) => range.default <= range.max, 'the default is above the maximum');

/** The schema. */
export const generatorInputsSchema = z
  .strictObject({
    /** Longest side, in pixels, that the network was trained for. */
    nativeSizePx: z.int().min(32).max(4096),
    steps: upTo(z.int().min(1).max(MAX_STEPS)),
    guidanceScale: upTo(z.number().min(0).max(MAX_GUIDANCE)),
    /** Tokens of the longest text; absent: the reference implementation's default. */
    maxTokens: z.int().min(1).max(4096).optional(),
    /** Hidden states of the text encoder that stand side by side; FLUX.2, absent: the reference's. */
    hiddenLayers: z.array(z.int().min(0).max(200)).min(1).optional(),
    /** What graphs with packing or normalisation inside take and give (docs/diffusion.md). */
    graphs: z.record(z.string(), z.unknown()).optional(),
    supports: z.array(abilitySchema),
  })
  .refine(
    ({ supports }) => !supports.includes('negativePrompt') || supports.includes('guidance'),
    'a negative prompt works by guidance, which is not in "supports"',
  );

/** Checked `inputs`. */
export type GeneratorInputs = Readonly<z.infer<typeof generatorInputsSchema>>;
/** One of `supports`. */
export type GeneratorAbility = z.infer<typeof abilitySchema>;
