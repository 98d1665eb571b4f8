/** `pack.json`: what a model pack is, where it comes from, and what its files must hash to. */
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
    bytes: z.int().min(1),
    sha256: z.string().regex(/^[0-9a-f]{64}$/),
  })
  .transform(({ role, ...file }) => ({ ...file, role: role ?? file.path }));

const areDistinct = (values: readonly string[]): boolean => new Set(values).size === values.length;

/** The manifest. A family is code under src/inference; a pack is data. */
export const manifestSchema = z.strictObject({
  id: z.string().regex(/^[a-z0-9][a-z0-9-]*$/),
  version: z.string().regex(/^\d+\.\d+\.\d+$/),
  name: z.string(),
  description: z.string(),
  task: z.enum([
    'segmentation',
    'super-resolution',
    'enhancement',
    'text-to-image',
    'image-editing',
  ]),
  family: z.string(),
  inputs: z.record(z.string(), z.unknown()),
  precision: z.enum(['fp32', 'fp16', 'int8']),
  licence: z.strictObject({ spdx: z.string(), commercialUse: z.boolean() }),
  source: z.looseObject({ kind: z.string() }),
  memoryMiB: z.number().min(0),
  files: z
    .array(fileSchema)
    .min(1)
    .refine((files) => areDistinct(files.map(({ role }) => role)), 'a role is given twice')
    .refine((files) => areDistinct(files.map((file) => file.path)), 'a path is given twice'),
});

/** A checked manifest. */
export type Manifest = Readonly<z.infer<typeof manifestSchema>>;
