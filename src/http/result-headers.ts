/** What an answer tells of a result beside its body, which has exactly the contract's keys. */
import type { Response } from 'express';
import type { JobResult } from '../jobs/job.ts';

/**
 * Set the headers: the pack, for a generation its seed and whether the prompt was cut, for a removed background how much of
 * the picture the subject covers, 0..1, and its bounding box as left,top,width,height in pixels of the source, for an
 * enhancement how much it changed in CIEDE2000 and where a picture of that lies.
 */
export function setResultHeaders(
  res: Response,
  {
    packId,
    seed,
    promptTokens,
    subject,
    changes,
  }: Pick<JobResult, 'packId' | 'seed' | 'promptTokens' | 'subject' | 'changes'>,
): void {
  res.setHeader('X-Model-Pack', packId);
  if (seed !== undefined) res.setHeader('X-Seed', String(seed));
  if (promptTokens !== undefined && promptTokens.kept < promptTokens.total) {
    res.setHeader('X-Prompt-Truncated', `${promptTokens.kept}/${promptTokens.total}`);
  }
  if (changes !== undefined) {
    const { mean, percentile95, url } = changes;
    res.setHeader('X-Change', `mean=${mean.toFixed(2)}, p95=${percentile95.toFixed(2)}`);
    res.setHeader('X-Change-Map', url);
  }
  if (subject === undefined) return;
  res.setHeader('X-Coverage', subject.coverage.toFixed(4));
  if (subject.box === undefined) return;
  const { left, top, widthPx, heightPx } = subject.box;
  res.setHeader('X-Bounding-Box', [left, top, widthPx, heightPx].join(','));
}
