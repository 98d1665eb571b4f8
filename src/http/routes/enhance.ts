/** POST /api/enhance. With `Prefer: change-map` a picture of what was changed lies beside the result. */
import { enhanceRequest } from '../../contract/enhance-request.ts';
import { definePaidRoute } from '../paid-route.ts';

const CHANGE_MAP = 'change-map';

/** The route. */
export const enhanceRoute = definePaidRoute({
  operation: 'enhance',
  schema: enhanceRequest,
  preferences: [CHANGE_MAP],
  toJob: (body, preferences) => ({
    operation: 'enhance',
    ...body,
    hasChangeMap: preferences.includes(CHANGE_MAP),
  }),
});
