/**
 * A platform's profile: what it asks of a photograph, where that was read, and whether the platform itself says
 * so (`confirmed`) or somebody else (`secondary`). Where sources differ, each has its claim. What no source
 * says is null, never a guess. Profiles are data: profiles/*.json, or an operator's own folder.
 */
import { z } from 'zod';

/** What a rule in words can be about that software measures too. */
const RULED_CHECKS = ['sharpness', 'exposure', 'subject_fill', 'subject_whole'] as const;

const ID = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;
/** Width to height, `16:9`, or a range of it, `4:5..1.91:1`. */
const RATIO = /^\d+(?:\.\d+)?:\d+(?:\.\d+)?(?:\.\.\d+(?:\.\d+)?:\d+(?:\.\d+)?)?$/;

const sentence = z.string().trim().min(1).max(400);
const count = z.int().min(1);
const share = z.number().min(0).max(1);

const sourceSchema = z.strictObject({
  address: z.url({ protocol: /^https?$/ }),
  publisher: sentence,
  /** Day on which the page was read. */
  read: z.iso.date(),
  /** The date that the page shows of itself, in its own precision. */
  pageDate: sentence.nullable(),
  status: z.enum(['confirmed', 'secondary']),
  /** Only a part of the page's text was there to read: lists taken from it may go on. */
  isPartial: z.boolean().default(false),
});

/** Pixels; null is a side that the source does not name. */
const sizeSchema = z
  .strictObject({ width: count.nullable(), height: count.nullable() })
  .refine(({ width, height }) => width !== null || height !== null, 'Expected a width or a height');

const claimOf = <Value extends z.ZodType>(value: Value) =>
  z.strictObject({
    value,
    /** Key in `sources`. */
    source: z.string(),
    /** `adapted`: the platform converts the picture by itself, nothing is refused. */
    strength: z.enum(['required', 'advised', 'adapted']).default('required'),
    /** Service whose limit it is, where pictures reach the platform through one. */
    via: sentence.optional(),
    note: sentence.optional(),
  });

const fieldOf = <Value extends z.ZodType>(value: Value) =>
  z
    .strictObject({
      claims: z.array(claimOf(value)).min(1),
      /** What we go by where sources differ, and why. */
      reading: z.strictObject({ value, reason: sentence }).optional(),
    })
    .nullable();

const requirementsSchema = z.strictObject({
  /** Any of these. */
  ratio: fieldOf(z.array(z.string().regex(RATIO)).min(1)),
  orientation: fieldOf(z.enum(['landscape', 'portrait'])),
  minimumSize: fieldOf(sizeSchema),
  /** Any of these. */
  recommendedSize: fieldOf(z.array(sizeSchema).min(1)),
  maximumSize: fieldOf(sizeSchema),
  minimumBytes: fieldOf(count),
  maximumBytes: fieldOf(count),
  formats: fieldOf(
    z.array(z.enum(['jpeg', 'png', 'webp', 'avif', 'tiff', 'gif', 'bmp', 'heic'])).min(1),
  ),
  colourSpace: fieldOf(z.enum(['sRGB'])),
  /** Share of the frame that the dish fills. */
  subjectShare: fieldOf(z.strictObject({ least: share, most: share })),
});

const ruleSchema = z.strictObject({
  text: sentence,
  source: z.string(),
  check: z.enum(RULED_CHECKS).optional(),
});

const placementSchema = z.strictObject({
  name: sentence,
  requirements: requirementsSchema,
  rules: z.array(ruleSchema),
});

/** `own-tools`: the platform itself makes or changes pictures so; of those of others it says nothing. */
const stanceOf = <Word extends string>(...words: readonly Word[]) =>
  z
    .array(z.strictObject({ value: z.enum(words), text: sentence, source: z.string() }))
    .min(1)
    .nullable();

const aiSchema = z.strictObject({
  generated: stanceOf('allowed', 'conditional', 'refused', 'own-tools'),
  edited: stanceOf('allowed', 'conditional', 'refused', 'own-tools'),
  label: stanceOf('required', 'advised', 'automatic'),
});

/** Every `source` named anywhere in a profile. */
export function sourcesNamed(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === 'source' && typeof inner === 'string' ? [inner] : sourcesNamed(inner),
  );
}

const sourcesSchema = z.record(z.string(), sourceSchema);

/** Each source that is named is there, and none is there in vain. */
function checkSources(body: { readonly sources: object }, context: z.RefinementCtx): void {
  const { sources, ...rest } = body;
  const named = new Set(sourcesNamed(rest));
  for (const key of named) {
    if (!Object.hasOwn(sources, key)) context.addIssue(`The source ${key} is not in sources`);
  }
  for (const key of Object.keys(sources)) {
    if (!named.has(key)) context.addIssue(`Nothing comes from the source ${key}`);
  }
}

/** A profile. */
export const platformSchema = z
  .strictObject({
    id: z.string().regex(ID).max(64),
    name: sentence,
    /** Grows with every change of the profile. */
    version: count,
    sources: sourcesSchema,
    /** By id; the first is what a photograph is meant for unless a caller says otherwise. */
    placements: z
      .record(z.string().regex(ID), placementSchema)
      .refine((placements) => Object.keys(placements).length > 0, 'Expected a placement'),
    ai: aiSchema,
  })
  .superRefine(checkSources);

/** What holds for pictures on every platform. */
export const everywhereSchema = z
  .strictObject({ version: count, sources: sourcesSchema, rules: z.array(ruleSchema) })
  .superRefine(checkSources);

/** A profile. */
export type Platform = Readonly<z.infer<typeof platformSchema>>;
/** What holds everywhere. */
export type Everywhere = Readonly<z.infer<typeof everywhereSchema>>;
/** What a platform asks of the photographs of one place. */
export type Placement = z.infer<typeof placementSchema>;
/** Fields of a placement that are measured. */
export type Requirements = z.infer<typeof requirementsSchema>;
/** A page that was read. */
export type Source = z.infer<typeof sourceSchema>;
/** Sources by their key. */
export type Sources = Readonly<Record<string, Source>>;
/** A rule in words. */
export type Rule = z.infer<typeof ruleSchema>;
/** Pixels of a requirement. */
export type RequiredSize = z.infer<typeof sizeSchema>;
