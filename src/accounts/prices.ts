/** Plans and prices, from the data file beside this one: the only place that knows a figure. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';

const count = z.int().min(0);
const plan = z.strictObject({ monthlyCredits: count, perMinute: count, perDay: count });

const pricesSchema = z.strictObject({
  plans: z.strictObject({ starter: plan, growth: plan, pro: plan, enterprise: plan }),
  published: z.strictObject({
    starterPriceUsd: z.number(),
    starterCredits: count,
    pricePerCreditUsd: z.number(),
    startupGrantCredits: count,
  }),
  operations: z.strictObject({
    generate: z.strictObject({ 'flux-2-pro': count, seeddream: count, 'flux-2-max': count }),
    enhance: count,
    'remove-background': count,
    upscale: z.strictObject({ '2': count, '4': count }),
  }),
});

/** Plans, published prices and the price of each operation, in credits. */
export type Prices = Readonly<z.infer<typeof pricesSchema>>;

/** Reads the data file. @throws ZodError when it was edited wrongly. */
export function loadPrices(): Prices {
  const text = readFileSync(new URL('./prices.json', import.meta.url), 'utf8');
  return pricesSchema.parse(JSON.parse(text));
}
