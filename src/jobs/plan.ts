/** What a request means here: its price, its source, the pack that will answer, the engine's operation. */
import type { Prices } from '../accounts/prices.ts';
import type { EngineOperation } from '../engine/protocol.ts';
import { type ApiError, modelUnavailable } from '../errors.ts';
import { planEnhancement } from './enhancement-plan.ts';
import { type Generator, planGeneration, type StyleBook } from './generation-plan.ts';
import type {
  EnhancementPreset,
  EnhanceRequest,
  GenerateRequest,
  JobRequest,
  ModelId,
  Operation,
  Payer,
  PlatformTarget,
  PresetName,
} from './job.ts';

/** A request that can be carried out. */
export interface JobPlan {
  readonly operation: Operation;
  readonly idPrefix: 'gen' | 'enh' | 'bg' | 'up';
  /** Folder of the result on the CDN. */
  readonly resultKind: 'gen' | 'enhanced' | 'nobg' | 'upscaled';
  readonly costCredits: number;
  readonly packId: string;
  readonly engineOperation: EngineOperation;
  readonly isWatermarked: boolean;
}

/** A request that can be carried out, and how. */
export interface JobOrder {
  readonly request: JobRequest;
  readonly plan: JobPlan;
}

/** Finds the pack for a task; undefined when none is installed. */
export type PackFinder = (
  task: 'segmentation' | 'super-resolution' | 'enhancement',
) => string | undefined;

/** What is installed. */
export interface PackCatalogue {
  readonly packFor: PackFinder;
  /** The pack behind a model id; undefined when none is installed. */
  readonly generatorFor: (model: ModelId) => Generator | undefined;
  readonly styles: StyleBook;
  readonly presets: Readonly<Record<PresetName, EnhancementPreset>>;
  /** A place on a platform. @throws ApiError `invalid_request` when there is none of that name. */
  readonly platformTarget: (name: string) => PlatformTarget;
}

/** Price of a request in credits; a sandbox key pays nothing. */
export function costOf(
  request: JobRequest,
  payer: Pick<Payer, 'isSandbox'>,
  { operations }: Prices,
): number {
  if (payer.isSandbox) return 0;
  switch (request.operation) {
    case 'generate':
      return operations.generate[request.model] * request.count;
    case 'enhance':
      return operations.enhance;
    case 'remove-background':
      return operations['remove-background'];
    case 'upscale':
      return operations.upscale[request.scale];
    default:
      return request satisfies never;
  }
}

const noPackFor = (what: string): ApiError =>
  modelUnavailable(`No model pack for ${what} is installed on this server. You were not charged.`);

function requirePack(id: string | undefined, what: string): string {
  if (id === undefined) throw noPackFor(what);
  return id;
}

type CutoutRequest = Extract<JobRequest, { operation: 'remove-background' }>;
type Charge = Pick<JobPlan, 'costCredits' | 'isWatermarked'>;

function generationPlan(request: GenerateRequest, charge: Charge, packs: PackCatalogue): JobPlan {
  const generator = packs.generatorFor(request.model);
  if (generator === undefined) throw noPackFor('generating pictures');
  const { styles, packFor } = packs;
  const upscalerId = packFor('super-resolution');
  return {
    operation: request.operation,
    idPrefix: 'gen',
    resultKind: 'gen',
    ...charge,
    packId: generator.packId,
    engineOperation: planGeneration(request, { generator, styles, upscalerId }),
  };
}

function cutoutOf(request: CutoutRequest): EngineOperation {
  const { operation, options } = request;
  const { background } = options;
  const isPlain = background === undefined || background === 'blur' || 'length' in background;
  return { operation, ...options, background: isPlain ? background : 'picture' };
}

function enhancementPlan(request: EnhanceRequest, charge: Charge, packs: PackCatalogue): JobPlan {
  const { presets, packFor, platformTarget } = packs;
  const { platform, removeBackground } = request.options;
  const target = platform === undefined ? undefined : platformTarget(platform);
  const segmenterId = packFor('segmentation');
  if (removeBackground) requirePack(segmenterId, 'removing backgrounds');
  return {
    operation: request.operation,
    idPrefix: 'enh',
    resultKind: 'enhanced',
    ...charge,
    packId: requirePack(packFor('enhancement'), 'enhancing pictures'),
    engineOperation: planEnhancement(request, {
      preset: presets[request.preset],
      target,
      segmenterId,
      upscalerId: packFor('super-resolution'),
    }),
  };
}

/**
 * Plan a request.
 * @throws ApiError `model_unavailable` when no installed pack can do it, `invalid_request` when the one
 *   that is there cannot do it so.
 */
export function planJob(
  request: JobRequest,
  payer: Pick<Payer, 'isSandbox'>,
  packs: PackCatalogue,
  prices: Prices,
): JobPlan {
  const { packFor } = packs;
  const costCredits = costOf(request, payer, prices);
  const isWatermarked = payer.isSandbox;
  switch (request.operation) {
    case 'generate':
      return generationPlan(request, { costCredits, isWatermarked }, packs);
    case 'enhance':
      return enhancementPlan(request, { costCredits, isWatermarked }, packs);
    case 'remove-background':
      return {
        operation: request.operation,
        idPrefix: 'bg',
        resultKind: 'nobg',
        costCredits,
        isWatermarked,
        packId: requirePack(packFor('segmentation'), 'removing backgrounds'),
        engineOperation: cutoutOf(request),
      };
    case 'upscale': {
      const { scale } = request;
      return {
        operation: request.operation,
        idPrefix: 'up',
        resultKind: 'upscaled',
        costCredits,
        isWatermarked,
        packId: requirePack(packFor('super-resolution'), `upscaling ${scale}x`),
        engineOperation: { operation: 'upscale', scale, ...request.options },
      };
    }
    default:
      return request satisfies never;
  }
}
