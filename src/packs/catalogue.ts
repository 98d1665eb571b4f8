/** The catalogue: packs that can be pulled from the hub or made by an export, and what is known of each. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { generatorInputsSchema } from './generator-inputs.ts';
import { manifestFields, manifestSchema } from './manifest.ts';
import { GENERATOR_TASKS, PackError } from './registry.ts';

const fileSchema = z.strictObject({
  /** Path in the repository. */
  from: z.string().min(1),
  /** Path and role in the pack, as the manifest will have them. */
  path: z.string(),
  role: z.string().optional(),
  /** What the file must be, whatever the hub says; absent: what the hub says. */
  bytes: z.int().min(1).optional(),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
});

const repositorySchema = z.string().regex(/^[A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*$/);

const entrySchema = manifestFields.omit({ files: true, source: true }).extend({
  name: z.string(),
  /** `owner/name` on the hub. */
  repository: repositorySchema,
  /** Branch, tag or commit; a pull pins the commit. */
  revision: z.string().min(1),
  files: z.array(fileSchema).min(1),
  /** What was run to check this entry here; null: nobody pulled and ran it. */
  verified: z.string().min(1).nullable(),
  /** Where the facts of this entry can be read. */
  facts: z.array(z.url()),
});

/** A pack that no hub is known to have in a form that runs here; an export makes it of a checkpoint. */
const exportSchema = manifestFields
  .pick({ id: true, task: true, family: true, precision: true, licence: true, memoryMiB: true })
  .extend({
    name: z.string(),
    description: z.string(),
    /** `owner/name` of the checkpoint on the hub, in diffusers' layout. */
    checkpoint: repositorySchema,
    facts: z.array(z.url()),
  });

/** A manifest is made from an entry after its files came: that it will be one is checked before. */
function checkManifest(entry: z.infer<typeof entrySchema>, context: z.RefinementCtx): void {
  const { repository, revision, files, verified: _verified, facts: _facts, ...own } = entry;
  const unknown = { bytes: 1, sha256: '0'.repeat(64) };
  const parsed = manifestSchema.safeParse({
    ...own,
    source: { kind: 'hub', repository, revision },
    files: files.map(({ from: _from, path, role }) => ({
      ...unknown,
      ...(role === undefined ? { path } : { path, role }),
    })),
  });
  const inputs = GENERATOR_TASKS.includes(entry.task)
    ? generatorInputsSchema.safeParse(entry.inputs)
    : undefined;
  for (const { path, message } of [
    ...(parsed.error?.issues ?? []),
    ...(inputs?.error?.issues ?? []).map((issue) => ({
      ...issue,
      path: ['inputs', ...issue.path],
    })),
  ]) {
    context.addIssue({ code: 'custom', path, message });
  }
}

const catalogueSchema = z
  .strictObject({
    catalogueVersion: z.literal(1),
    packs: z.array(entrySchema.superRefine(checkManifest)),
    toExport: z.array(exportSchema).default([]),
  })
  .refine(({ packs, toExport }) => {
    const ids = [...packs, ...toExport].map(({ id }) => id);
    return new Set(ids).size === ids.length;
  }, 'an id is given twice');

/** A pack that can be pulled. */
export type CatalogueEntry = Readonly<z.infer<typeof entrySchema>>;

/** A pack that an export makes. */
export type ExportEntry = Readonly<z.infer<typeof exportSchema>>;

/** All that is known. */
export type Catalogue = Readonly<z.infer<typeof catalogueSchema>>;

/** The catalogue that comes with the repository. */
export const CATALOGUE = fileURLToPath(new URL('../../models/catalogue.json', import.meta.url));

/** Read a catalogue. @throws PackError, one plain line. */
export function readCatalogue(path = CATALOGUE): Catalogue {
  try {
    return catalogueSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (cause) {
    const reason = cause instanceof z.ZodError ? z.prettifyError(cause) : String(cause);
    throw new PackError(`${path} is no catalogue: ${reason.replaceAll(/\s+/g, ' ')}`, { cause });
  }
}

/** The command that makes a pack of its checkpoint. */
export function exportCommandOf({ id, checkpoint, licence, precision }: ExportEntry): string {
  const use = licence.commercialUse ? '--commercial-use' : '--no-commercial-use';
  return [
    `python scripts/export/export_pipeline.py CHECKPOINT ${id}`,
    `--source ${checkpoint} --licence ${licence.spdx} ${use} --precision ${precision}`,
  ].join(' ');
}

/** The entry of an id. @throws PackError naming those there are, or how the pack is made. */
export function findEntry({ packs, toExport }: Catalogue, id: string): CatalogueEntry {
  const entry = packs.find((candidate) => candidate.id === id);
  if (entry !== undefined) return entry;
  const made = toExport.find((candidate) => candidate.id === id);
  if (made !== undefined) {
    throw new PackError(
      `No hub is known to have ${id} in a form that runs here. Export it from ${made.checkpoint} (docs/export.md): ${exportCommandOf(made)}`,
    );
  }
  const ids = [...packs, ...toExport].map((candidate) => candidate.id).join(', ');
  throw new PackError(`The catalogue has no pack ${id}. It has: ${ids || 'none'}.`);
}
