/** POST /api/generate. */
import { generateRequest } from '../../contract/requests.ts';
import { definePaidRoute } from '../paid-route.ts';

/** The route. */
export const generateRoute = definePaidRoute({
  operation: 'generate',
  schema: generateRequest,
  toJob: ({ model, count, options }) => ({
    operation: 'generate',
    model,
    count,
    imageUrl: options.imageUrl,
  }),
});
