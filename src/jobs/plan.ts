/** What a request means here: its price, the pack that will answer, and the engine's operation. */
import type { Prices } from '../accounts/prices.ts';
import type { EngineOperation } from '../engine/protocol.ts';
import { type ApiError, modelUnavailable } from '../errors.ts';
import type { JobRequest, Operation } from './job.ts';

/** A request that can be carried out. */
export interface JobPlan {
  readonly operation: Operation;
  readonly idPrefix: 'gen' | 'enh' | 'bg' | 'up';
  /** Folder of the result on the CDN. */
  readonly resultKind: 'gen' | 'enhanced' | 'nobg' | 'upscaled';
  readonly costCredits: number;
  readonly packId: string;
  readonly imageUrl: string;
  readonly engineOperation: EngineOperation;
}

/** Finds the pack for an operation; undefined when none is installed. */
export type PackFinder = (task: 'segmentation' | 'super-resolution') => string | undefined;

const noPackFor = (what: string): ApiError =>
  modelUnavailable(`No model pack for ${what} is installed on this server. You were not charged.`);

function requirePack(id: string | undefined, what: string): string {
  if (id === undefined) throw noPackFor(what);
  return id;
}

/**
 * Plan a request.
 * @throws ApiError `model_unavailable` when no installed pack can do it.
 */
export function planJob(request: JobRequest, packFor: PackFinder, prices: Prices): JobPlan {
  switch (request.operation) {
    case 'generate':
      throw noPackFor('generating pictures');
    case 'enhance':
      throw noPackFor('enhancing pictures');
    case 'remove-background':
      return {
        operation: request.operation,
        idPrefix: 'bg',
        resultKind: 'nobg',
        costCredits: prices.operations['remove-background'],
        packId: requirePack(packFor('segmentation'), 'removing backgrounds'),
        imageUrl: request.imageUrl,
        engineOperation: { operation: 'remove-background', ...request.options },
      };
    case 'upscale':
      return {
        operation: request.operation,
        idPrefix: 'up',
        resultKind: 'upscaled',
        costCredits: prices.operations.upscale[request.scale],
        packId: requirePack(packFor('super-resolution'), 'upscaling'),
        imageUrl: request.imageUrl,
        engineOperation: { operation: 'upscale', scale: request.scale, ...request.options },
      };
    default:
      return request satisfies never;
  }
}
