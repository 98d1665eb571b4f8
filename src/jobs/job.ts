/** The words of a job: what is asked, by whom, and what comes out. */
import type { ImageFormat } from '../engine/protocol.ts';
import { ApiError } from '../errors.ts';

/** A paid operation. */
export type Operation = 'generate' | 'enhance' | 'remove-background' | 'upscale';

/** Model ids of the contract. */
export type ModelId = 'flux-2-pro' | 'seeddream' | 'flux-2-max';

/** What a caller asks for, validated by the contract. */
export type JobRequest =
  | {
      readonly operation: 'generate';
      readonly model: ModelId;
      readonly count: number;
      /** Picture to edit, if any. */
      readonly imageUrl: string | undefined;
    }
  | { readonly operation: 'enhance'; readonly imageUrl: string }
  | {
      readonly operation: 'remove-background';
      readonly imageUrl: string;
      readonly options: {
        readonly output: 'cutout' | 'mask';
        readonly background: readonly [number, number, number] | undefined;
        readonly format: ImageFormat;
      };
    }
  | {
      readonly operation: 'upscale';
      readonly imageUrl: string;
      readonly scale: 2 | 4;
      readonly options: { readonly format: ImageFormat | undefined };
    };

/** The requests that have a source and a pack family in this version. */
export type SourceRequest = Extract<JobRequest, { operation: 'remove-background' | 'upscale' }>;

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

/** A delivered and settled job. */
export interface JobResult {
  /** Public id, for example `bg_…`. */
  readonly id: string;
  readonly createdAtMs: number;
  readonly creditsUsed: number;
  readonly packId: string;
  readonly url: string;
  readonly format: ImageFormat;
  readonly source: PixelSize;
  readonly size: PixelSize;
}

/** The job was cancelled: by request, or because the caller who waited for it left. */
export class JobCancelled extends ApiError {
  constructor() {
    super('gone', 410, 'This job was cancelled. You were not charged.');
  }
}
