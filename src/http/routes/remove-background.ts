/** POST /api/remove-background. */
import { removeBackgroundRequest } from '../../contract/remove-background-request.ts';
import { definePaidRoute } from '../paid-route.ts';

/** The route. */
export const removeBackgroundRoute = definePaidRoute({
  operation: 'remove-background',
  schema: removeBackgroundRequest,
  toJob: (body) => ({ operation: 'remove-background', ...body }),
});
