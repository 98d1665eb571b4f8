/**
 * What an enhance request means for the engine: the figures of its preset, the demands of its platform, the packs that
 * take part. What cannot be had together is refused here by the field's name, before anything is held.
 */
import type { EnhancementFraming, EnhancementSize } from '../engine/enhancement-terms.ts';
import type { EngineOperation, ImageFormat } from '../engine/protocol.ts';
import { invalidRequest } from '../errors.ts';
import type { EnhancementPreset, EnhanceRequest, PlatformTarget } from './job.ts';

/** What planning an enhancement needs beside the request. */
export interface EnhancementParts {
  readonly preset: EnhancementPreset;
  /** The platform that the request names. */
  readonly target: PlatformTarget | undefined;
  /** Pack that finds the dish; absent: a frame is chosen without it. */
  readonly segmenterId: string | undefined;
  /** Pack that enlarges; absent: a plain resize. */
  readonly upscalerId: string | undefined;
}

type EnhanceOperation = Extract<EngineOperation, { operation: 'enhance' }>;

/** Formats of results as profiles call them. */
const PROFILE_NAMES: Readonly<Record<ImageFormat, string>> = {
  jpg: 'jpeg',
  png: 'png',
  webp: 'webp',
};

/** The format asked for, or the first that the platform takes; undefined: the engine's choice. */
function formatOf(
  { options }: EnhanceRequest,
  target: PlatformTarget | undefined,
): ImageFormat | undefined {
  const { formats } = target?.demands ?? {};
  const takes = (format: ImageFormat) => formats?.includes(PROFILE_NAMES[format]) !== false;
  if (options.format !== undefined) {
    if (takes(options.format)) return options.format;
    throw invalidRequest(
      `Expected ${formats?.join(', ')} for options.format with ${target?.id}, received ${options.format}.`,
    );
  }
  if (options.removeBackground) {
    if (takes('png')) return 'png';
    throw invalidRequest(
      `Expected no options.remove_background with ${target?.id}: it takes ${formats?.join(', ')}.`,
    );
  }
  if (takes('jpg')) return takes('png') ? undefined : 'jpg'; // also of a source with transparency
  return 'png';
}

function framingOf(
  { options }: EnhanceRequest,
  { preset, target }: EnhancementParts,
): EnhancementFraming {
  if (!options.crop) return { maxTiltDegrees: 0 };
  const ratios = target === undefined ? preset.framing.ratios : target.demands.ratios;
  const { maxTiltDegrees } = preset.framing;
  return { maxTiltDegrees, ...(ratios === undefined ? {} : { ratios }) };
}

function sizeOf(
  { options }: EnhanceRequest,
  { preset, target }: EnhancementParts,
): EnhancementSize {
  const { width, height } = target?.demands.maximumSize ?? { width: null, height: null };
  return {
    maxScale: options.upscale ? 2 : 1,
    longestSidePx: preset.longestSidePx,
    ...(width === null ? {} : { maxWidthPx: width }),
    ...(height === null ? {} : { maxHeightPx: height }),
  };
}

/**
 * The engine's task for a request.
 * @throws ApiError `invalid_request` naming what cannot be had together.
 */
export function planEnhancement(
  request: EnhanceRequest,
  parts: EnhancementParts,
): EnhanceOperation {
  const { preset, target, segmenterId, upscalerId } = parts;
  const framing = framingOf(request, parts);
  const maxBytes = target?.demands.maximumBytes;
  const needsDish = request.options.removeBackground || framing.ratios !== undefined;
  return {
    operation: 'enhance',
    look: preset.look,
    framing,
    size: sizeOf(request, parts),
    removeBackground: request.options.removeBackground,
    ...(needsDish && segmenterId !== undefined ? { segmenterId } : {}),
    ...(request.options.upscale && upscalerId !== undefined ? { upscalerId } : {}),
    hasChangeMap: request.hasChangeMap,
    format: formatOf(request, target),
    file: {
      ...(preset.dotsPerInch === undefined ? {} : { dotsPerInch: preset.dotsPerInch }),
      ...(maxBytes === undefined ? {} : { maxBytes }),
    },
  };
}
