/** What an answer tells of a result beside its body, which has exactly the contract's keys. */
import type { Response } from 'express';
import type { JobResult } from '../jobs/job.ts';

/** Set the headers: the pack, and for a generation its seed and whether the prompt was cut. */
export function setResultHeaders(
  res: Response,
  { packId, seed, promptTokens }: Pick<JobResult, 'packId' | 'seed' | 'promptTokens'>,
): void {
  res.setHeader('X-Model-Pack', packId);
  if (seed !== undefined) res.setHeader('X-Seed', String(seed));
  if (promptTokens !== undefined && promptTokens.kept < promptTokens.total) {
    res.setHeader('X-Prompt-Truncated', `${promptTokens.kept}/${promptTokens.total}`);
  }
}
