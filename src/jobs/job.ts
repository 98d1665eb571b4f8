/** The words of a job: what is asked, by whom, and what comes out. */
import type { CutoutBackground, CutoutFraming, FoundSubject } from '../engine/cutout-terms.ts';
import type {
  ChangeFigures,
  EnhancementFraming,
  EnhancementLook,
  RatioRange,
} from '../engine/enhancement-terms.ts';
import type { ImageFormat } from '../engine/protocol.ts';
import { ApiError } from '../errors.ts';

/** A paid operation. */
export type Operation = 'generate' | 'enhance' | 'remove-background' | 'upscale';

/** Model ids of the contract. */
export type ModelId = 'flux-2-pro' | 'seeddream' | 'flux-2-max';

/** Lighting styles of the contract. */
export type StyleName = 'natural' | 'moody' | 'bright' | 'overhead' | 'macro';

/** Presets of the contract. */
export type PresetName = 'delivery-optimized' | 'social-media' | 'print-ready' | 'balanced';

/** Ratios of the contract, width to height. */
export type AspectRatio = '1:1' | '4:3' | '16:9' | '9:16';

/** What a caller asks for, validated by the contract. */
export type JobRequest =
  | {
      readonly operation: 'generate';
      readonly model: ModelId;
      readonly prompt: string;
      readonly style: StyleName;
      readonly aspectRatio: AspectRatio;
      readonly count: number;
      /** The caller's, or drawn when the request came, so that a job taken up again makes the same picture. */
      readonly seed: number;
      /** Picture to edit, if any. */
      readonly imageUrl: string | undefined;
      readonly options: {
        readonly negativePrompt: string | undefined;
        readonly steps: number | undefined;
        readonly guidanceScale: number | undefined;
        readonly strength: number | undefined;
        readonly format: ImageFormat;
      };
    }
  | {
      readonly operation: 'enhance';
      readonly imageUrl: string;
      readonly preset: PresetName;
      readonly options: {
        readonly upscale: boolean;
        readonly removeBackground: boolean;
        /** `ID` or `ID/PLACEMENT`. */
        readonly platform: string | undefined;
        readonly crop: boolean;
        readonly format: ImageFormat | undefined;
      };
      /** Whether the caller wants a picture of what was changed beside the result. */
      readonly hasChangeMap: boolean;
    }
  | {
      readonly operation: 'remove-background';
      readonly imageUrl: string;
      readonly options: {
        readonly output: 'cutout' | 'mask';
        readonly background:
          | Exclude<CutoutBackground, 'picture'>
          | { readonly imageUrl: string }
          | undefined;
        readonly shadow: number | undefined;
        readonly framing: CutoutFraming | undefined;
        readonly format: ImageFormat;
      };
    }
  | {
      readonly operation: 'upscale';
      readonly imageUrl: string;
      readonly scale: 2 | 4;
      readonly options: { readonly format: ImageFormat | undefined };
    };

/** A request for new pictures. */
export type GenerateRequest = Extract<JobRequest, { operation: 'generate' }>;

/** A request for a better picture. */
export type EnhanceRequest = Extract<JobRequest, { operation: 'enhance' }>;

/** The figures of a preset. */
export interface EnhancementPreset {
  readonly look: EnhancementLook;
  readonly framing: EnhancementFraming;
  /** Nothing is enlarged beyond it. */
  readonly longestSidePx: number;
  readonly dotsPerInch?: number;
}

/** A place on a platform, and what pictures must be there. */
export interface PlatformTarget {
  /** As the request names it. */
  readonly id: string;
  readonly demands: {
    readonly ratios?: readonly RatioRange[];
    readonly maximumSize?: { readonly width: number | null; readonly height: number | null };
    readonly maximumBytes?: number;
    readonly formats?: readonly string[];
  };
}

/** Who pays. */
export interface Payer {
  readonly accountId: string;
  readonly keyId: string;
  /** A sandbox key's calls cost nothing, and their results are watermarked. */
  readonly isSandbox: boolean;
}

/** Size in pixels. */
export interface PixelSize {
  readonly widthPx: number;
  readonly heightPx: number;
}

/** One picture of a result. */
export interface ResultImage {
  readonly url: string;
  readonly format: ImageFormat;
  readonly size: PixelSize;
}

/** A delivered and settled job. */
export interface JobResult {
  /** Public id, for example `bg_…`. */
  readonly id: string;
  readonly createdAtMs: number;
  readonly creditsUsed: number;
  readonly packId: string;
  /** Size of the source; absent where there was none. */
  readonly source?: PixelSize;
  readonly images: readonly [ResultImage, ...ResultImage[]];
  /** What the noise was drawn from; of a generation only. */
  readonly seed?: number;
  /** How much was changed, and a picture of it; of an enhancement that was asked to tell. */
  readonly changes?: ChangeFigures & { readonly url: string };
  /** What was found in the source; of a removed background only. */
  readonly subject?: FoundSubject;
  /** Tokens of the prompt that the pack kept, and all it has; of a generation only. */
  readonly promptTokens?: { readonly kept: number; readonly total: number };
}

/** The job was cancelled: by request, or because the caller who waited for it left. */
export class JobCancelled extends ApiError {
  constructor() {
    super('gone', 410, 'This job was cancelled. You were not charged.');
  }
}
