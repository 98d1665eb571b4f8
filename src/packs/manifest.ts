/**
 * `pack.json`: what a model pack is, where it comes from, and what its files must hash to. What only describes may be
 * left out, so that a file from elsewhere becomes a pack in ten lines; what runs it and its licence may not.
 */
import { z } from 'zod';

/** One or more plain names with `/` between: nothing outside the pack, nothing hidden. */
const path = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]*(?:\/[A-Za-z0-9][A-Za-z0-9._-]*)*$/,
    'a path of plain names inside the pack',
  );

/** One file of a pack; without a role it is called by its path, as those of a component folder are. */
const fileSchema = z
  .strictObject({
    role: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]*$/)
      .optional(),
    path,
    bytes: z.int().min(1).optional(),
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .optional(),
  })
  .refine(
    ({ bytes, sha256 }) => (bytes === undefined) === (sha256 === undefined),
    'bytes and sha256 are given together or not at all',
  )
  .transform(({ role, ...file }) => ({ ...file, role: role ?? file.path }));

const areDistinct = (values: readonly string[]): boolean => new Set(values).size === values.length;

/** The fields of a manifest, each by itself. A family is code under src/inference; a pack is data. */
export const manifestFields = z.strictObject({
  id: z.string().regex(/^[a-z0-9][a-z0-9-]*$/),
  version: z
    .string()
    .regex(/^\d+\.\d+\.\d+$/)
    .default('1.0.0'),
  /** Absent: the id. */
  name: z.string().optional(),
  description: z.string().default(''),
  task: z.enum([
    'segmentation',
    'super-resolution',
    'enhancement',
    'text-to-image',
    'image-editing',
  ]),
  family: z.string(),
  /** What the family leaves to the pack; each has a default (docs/families.md). */
  inputs: z.record(z.string(), z.unknown()).default({}),
  precision: z.enum(['fp32', 'fp16', 'int8']).default('fp32'),
  licence: z.strictObject({ spdx: z.string(), commercialUse: z.boolean() }),
  source: z.looseObject({ kind: z.string() }).default({ kind: 'local' }),
  /** Estimate; 0: nobody made one. */
  memoryMiB: z.number().min(0).default(0),
  files: z
    .array(fileSchema)
    .min(1)
    .refine((files) => areDistinct(files.map(({ role }) => role)), 'a role is given twice')
    .refine((files) => areDistinct(files.map((file) => file.path)), 'a path is given twice'),
});

/** The manifest. */
export const manifestSchema = manifestFields.transform((manifest) => ({
  ...manifest,
  name: manifest.name ?? manifest.id,
}));

/** A checked manifest. */
export type Manifest = Readonly<z.infer<typeof manifestSchema>>;

/** Paths of the files that the manifest gives no size and hash for, so that nobody can check them. */
export const unsealedFilesOf = ({ files }: Manifest): readonly string[] =>
  files.filter(({ sha256 }) => sha256 === undefined).map(({ path: name }) => name);
