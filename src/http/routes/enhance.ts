/** POST /api/enhance. */
import { enhanceRequest } from '../../contract/requests.ts';
import { definePaidRoute } from '../paid-route.ts';

/** The route. */
export const enhanceRoute = definePaidRoute({
  operation: 'enhance',
  schema: enhanceRequest,
  toJob: ({ imageUrl }) => ({ operation: 'enhance', imageUrl }),
});
