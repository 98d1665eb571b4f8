/** POST /api/generate. */
import { randomBytes } from 'node:crypto';
import { generateRequest } from '../../contract/requests.ts';
import { definePaidRoute } from '../paid-route.ts';

/** A seed for a request without one: 0 to 2^53 - 1, each as likely. */
export function drawSeed(): number {
  const bytes = randomBytes(8);
  const high = bytes.readUInt32LE(0) % 2 ** 21; // 21 of 32 bits
  return high * 2 ** 32 + bytes.readUInt32LE(4);
}

/** The route. */
export const generateRoute = definePaidRoute({
  operation: 'generate',
  schema: generateRequest,
  toJob: ({ seed, options: { imageUrl, format, ...options }, ...request }) => ({
    operation: 'generate',
    ...request,
    seed: seed ?? drawSeed(),
    imageUrl,
    options: { ...options, format: format ?? 'jpg' },
  }),
});
