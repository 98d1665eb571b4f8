/** POST /api/upscale. */
import { upscaleRequest } from '../../contract/requests.ts';
import { definePaidRoute } from '../paid-route.ts';

/** The route. */
export const upscaleRoute = definePaidRoute({
  operation: 'upscale',
  schema: upscaleRequest,
  toJob: (body) => ({ operation: 'upscale', ...body }),
});
