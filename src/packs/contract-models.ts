/** The contract's model list, from the data file beside this one. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';

const schema = z.array(
  z.strictObject({
    id: z.string(),
    name: z.string(),
    credits_per_image: z.int(),
    max_resolution: z.string(),
    supports: z.array(z.string()),
  }),
);

/** Models as GET /api/models lists them. */
export function loadContractModels(): z.infer<typeof schema> {
  const text = readFileSync(new URL('./contract-models.json', import.meta.url), 'utf8');
  return schema.parse(JSON.parse(text));
}
