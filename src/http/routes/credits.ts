/** GET /api/account/credits. */
import { Router } from 'express';
import type { z } from 'zod';
import { type creditsResponse, wireTime } from '../../contract/responses.ts';
import { callerOf, requireScope } from '../authenticate.ts';

/** What the ledger and the account say at one moment. */
export interface CreditsSummary {
  readonly credits: number;
  readonly plan: 'starter' | 'growth' | 'pro' | 'enterprise';
  readonly status: 'active' | 'suspended' | 'cancelled';
  readonly usedThisMonth: number;
  readonly nextRenewalMs: number;
}

/** The route. */
export function creditsRoute(summaryOf: (accountId: string) => CreditsSummary): Router {
  const router = Router({ caseSensitive: true, strict: true });
  router.get('/api/account/credits', requireScope('read'), (req, res) => {
    const summary = summaryOf(callerOf(req).accountId);
    const answer: z.infer<typeof creditsResponse> = {
      credits: summary.credits,
      subscription_plan: summary.plan,
      subscription_status: summary.status,
      credits_used_this_month: summary.usedThisMonth,
      next_renewal: wireTime(summary.nextRenewalMs),
    };
    res.json(answer);
  });
  return router;
}
