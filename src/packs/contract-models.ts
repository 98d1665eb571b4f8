/** The contract's model list, from the data file beside this one. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';

const schema = z.array(
  z.strictObject({
    id: z.string(),
    name: z.string(),
    credits_per_image: z.int(),
    max_resolution: z.string().regex(/^\d+x\d+$/),
    supports: z.array(z.string()),
  }),
);

/** One model of the list. */
export type ContractModel = Readonly<z.infer<typeof schema>[number]>;

/** Models as GET /api/models lists them. */
export function loadContractModels(): z.infer<typeof schema> {
  const text = readFileSync(new URL('./contract-models.json', import.meta.url), 'utf8');
  return schema.parse(JSON.parse(text));
}

/** Longest side, in pixels, of what a model delivers. */
export const longestSideOf = ({ max_resolution: resolution }: ContractModel): number =>
  Math.max(...resolution.split('x').map(Number));
