/** Turns what the engine made into a job's result, and into the files that go on the CDN. */
import type { EngineFile, EngineResult } from '../engine/protocol.ts';
import type { PublishedFile, ResultStore } from '../results/result-store.ts';
import type { JobResult, ResultImage } from './job.ts';
import type { JobTicket } from './job-ticket.ts';
import type { JobPlan } from './plan.ts';

/** A job that the engine is done with. */
export interface MadeJob {
  readonly ticket: JobTicket;
  readonly plan: JobPlan;
  readonly made: EngineResult;
  readonly results: Pick<ResultStore, 'nameOf' | 'urlOf'>;
}

/** A file that is to be published. */
export interface StagedFile extends PublishedFile {
  readonly stagedPath: string;
}

/** Results of generations are numbered, also a single one; of others only what lies beside the result. */
const stemOf = ({ ticket, plan }: MadeJob, index: number): string =>
  plan.operation === 'generate' || index > 0 ? `${ticket.random}_${index}` : ticket.random;

function countOf({ engineOperation }: JobPlan): number {
  if (engineOperation.operation === 'generate') return engineOperation.count;
  return engineOperation.operation === 'enhance' && engineOperation.hasChangeMap ? 2 : 1;
}

/** @throws Error when the engine made fewer files than were asked for. */
export function resultOf(job: MadeJob): {
  readonly result: JobResult;
  readonly files: readonly StagedFile[];
} {
  const { ticket, plan, made, results } = job;
  const { engineOperation } = plan;
  const nameOf = (file: EngineFile, index: number) =>
    results.nameOf(plan.resultKind, stemOf(job, index), file.format);
  const [first, ...rest] = made.files.map(
    (file, index): ResultImage => ({
      url: results.urlOf(nameOf(file, index)),
      format: file.format,
      size: { widthPx: file.widthPx, heightPx: file.heightPx },
    }),
  );
  const map = made.changes === undefined ? undefined : rest.pop();
  if (first === undefined || made.files.length !== countOf(plan)) {
    throw new Error(`The engine made ${made.files.length} files of ${countOf(plan)}.`);
  }
  const result: JobResult = {
    id: ticket.id,
    createdAtMs: ticket.createdAtMs,
    creditsUsed: ticket.costCredits,
    packId: plan.packId,
    ...(made.source === undefined ? {} : { source: made.source }),
    images: [first, ...rest],
    ...(engineOperation.operation === 'generate' ? { seed: engineOperation.seed } : {}),
    ...(made.changes === undefined || map === undefined
      ? {}
      : { changes: { ...made.changes, url: map.url } }),
    ...(made.subject === undefined ? {} : { subject: made.subject }),
    ...(made.promptTokens === undefined ? {} : { promptTokens: made.promptTokens }),
  };
  const files = made.files.map((file, index) => ({
    name: nameOf(file, index),
    bytes: file.bytes,
    sha256: file.sha256,
    stagedPath: file.path,
  }));
  return { result, files };
}
