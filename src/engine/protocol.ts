/**
 * The messages between the API process and an engine process. Pixels never cross this line: the
 * parent names a source file in the staging folder, the engine answers with the path, size and
 * SHA-256 of a finished file there. This file imports no code, so that both sides can import it.
 */
import type { CutoutBackground, CutoutFraming, FoundSubject } from './cutout-terms.ts';
import type {
  ChangeFigures,
  EnhancementFraming,
  EnhancementLook,
  EnhancementSize,
  FileTerms,
} from './enhancement-terms.ts';
import type { PictureFigures } from './picture-figures.ts';
import type { LoadOptions, Residency, ResidencySettings } from './residency-terms.ts';

/** Encodings that results are written in. */
export type ImageFormat = 'jpg' | 'png' | 'webp';

/**
 * How the source takes part in a generation: `strength` starts from it and makes that share anew, above 0 and
 * at most 1; `reference` edits it as the prompt tells.
 */
export type EditMode =
  | { readonly kind: 'strength'; readonly strength: number }
  | { readonly kind: 'reference' };

/** What an engine is asked to do with one source. Values are validated by the contract already. */
export type EngineOperation =
  | { readonly operation: 'inspect' }
  /** Look at a picture as a platform would; without a pack its subject is not sought. */
  | { readonly operation: 'measure' }
  | {
      readonly operation: 'remove-background';
      readonly output: 'cutout' | 'mask';
      /** Laid under the cutout; absent keeps transparency. */
      readonly background?: CutoutBackground | undefined;
      /** Darkness of a contact shadow, 0..1; absent: none. */
      readonly shadow?: number | undefined;
      /** Which part is shown, and how large; absent: the whole picture in its size. */
      readonly framing?: CutoutFraming | undefined;
      readonly format: ImageFormat;
    }
  | {
      readonly operation: 'enhance';
      readonly look: EnhancementLook;
      readonly framing: EnhancementFraming;
      readonly size: EnhancementSize;
      readonly removeBackground: boolean;
      /** Pack that finds the dish: where a frame is chosen, and where the background goes. */
      readonly segmenterId?: string;
      /** Super-resolution pack; absent: a plain resize. */
      readonly upscalerId?: string;
      /** Whether a picture of what was changed is made beside the result. */
      readonly hasChangeMap: boolean;
      /** Absent: PNG when the result has transparency, else JPEG. */
      readonly format?: ImageFormat | undefined;
      readonly file: FileTerms;
    }
  | {
      readonly operation: 'upscale';
      readonly scale: 2 | 4;
      /** Absent: PNG when the source has transparency, else JPEG. */
      readonly format?: ImageFormat | undefined;
    }
  | {
      readonly operation: 'generate';
      readonly prompt: string;
      readonly negativePrompt?: string;
      /** 0 to 2^53 - 1. */
      readonly seed: number;
      /** Pictures to make; all of them or none. */
      readonly count: number;
      readonly steps: number;
      readonly guidanceScale: number;
      /** Exact size of each picture. */
      readonly size: { readonly widthPx: number; readonly heightPx: number };
      /** Absent: there is no source. */
      readonly edit?: EditMode;
      /** Super-resolution pack for what the generator makes too small; absent: a plain resize. */
      readonly upscalerId?: string;
      readonly format: ImageFormat;
    };

/** One task for an engine. */
export interface EngineTask {
  readonly taskId: string;
  readonly operation: EngineOperation;
  /** Pack that does it; absent for `inspect`, and for `measure` where none is installed. */
  readonly packId?: string;
  /** The encoded source, a file the engine only reads; not there when the operation has none. */
  readonly sourcePath: string;
  /** The encoded picture that a cutout is laid on, where that is its background. */
  readonly backgroundPath?: string;
  /** Path without extension; the engine writes `<outputStem>[_<n>].<format>` and nothing else. */
  readonly outputStem: string;
  /** Whether the result is marked as one of the sandbox; absent: not. */
  readonly isWatermarked?: boolean;
}

/** Limits a source must keep, checked from its header before it is decoded. */
export interface SourceLimits {
  readonly maxPixels: number;
  readonly minSidePx: number;
  readonly maxSidePx: number;
  readonly maxAspectRatio: number;
  /** Pixels an upscaled result may have. */
  readonly maxResultPixels: number;
}

/** A finished file in the staging folder: complete and closed, but not yet synced to disk. */
export interface EngineFile {
  readonly path: string;
  readonly format: ImageFormat;
  readonly bytes: number;
  readonly sha256: string;
  readonly widthPx: number;
  readonly heightPx: number;
}

/** What a task gave. */
export interface EngineResult {
  /** Upright size of the source; absent where there is none. */
  readonly source?: { readonly widthPx: number; readonly heightPx: number };
  /** Finished files in their order; none of `inspect` and `measure`. */
  readonly files: readonly EngineFile[];
  /** Of `remove-background` only. */
  readonly subject?: FoundSubject;
  /** What was changed, where an `enhance` was asked to tell: of the picture that is the last of `files`. */
  readonly changes?: ChangeFigures;
  /** Of `measure` only. */
  readonly figures?: PictureFigures;
  /** Tokens of the prompt that were kept and all it has; of `generate` only. */
  readonly promptTokens?: { readonly kept: number; readonly total: number };
  /** Milliseconds by step name. */
  readonly timingsMs: Readonly<Record<string, number>>;
}

/** Failures that are the caller's or known; anything else is `internal`. */
export type EngineErrorKind =
  | 'invalid_image'
  | 'invalid_request'
  | 'storage_full'
  | 'out_of_memory'
  | 'no_room'
  | 'cancelled'
  | 'internal';

/** First message to an engine process: everything it needs, since it reads no configuration. */
export interface EngineStart {
  readonly type: 'start';
  /** `cpu` or `cuda:N`. */
  readonly device: string;
  /** Workers in the pool, each with sessions of its own. */
  readonly workers: number;
  /** onnxruntime's intra-op threads in each session. */
  readonly threadsPerWorker: number;
  readonly packs: readonly EnginePack[];
  readonly limits: SourceLimits;
  readonly residency?: ResidencySettings;
}

/** A verified pack, ready to load. The manifest part that a family needs travels as it is. */
export interface EnginePack {
  readonly id: string;
  readonly task: string;
  readonly family: string;
  /** Absolute path of the pack; a family of component folders reads it by itself. */
  readonly folder: string;
  /** Role to absolute path, for example `model`, `x2`. */
  readonly files: Readonly<Record<string, string>>;
  /** The manifest's `inputs`, checked by the family. */
  readonly inputs: Readonly<Record<string, unknown>>;
  /** What the manifest says it takes in memory, MiB. */
  readonly memoryMib: number;
  /** Bytes of all its files. */
  readonly bytes: number;
}

/** API process → engine process. */
export type ToEngine =
  | EngineStart
  | { readonly type: 'run'; readonly task: EngineTask }
  | { readonly type: 'cancel'; readonly taskId: string }
  | {
      readonly type: 'load';
      readonly requestId: string;
      readonly packId: string;
      readonly options: LoadOptions;
    }
  | { readonly type: 'unload'; readonly requestId: string; readonly packId: string }
  | { readonly type: 'stop' };

/** Engine process → API process. */
export type FromEngine =
  | { readonly type: 'ready'; readonly provider: string; readonly workers: number }
  | { readonly type: 'start-failed'; readonly reason: string }
  /** After each change, and before each answer to `load` and `unload`. */
  | { readonly type: 'residency'; readonly residency: Residency }
  /** Answers `load` and `unload`; with a failure when it could not be done. */
  | {
      readonly type: 'answer';
      readonly requestId: string;
      readonly failure?: { readonly kind: EngineErrorKind; readonly message: string };
    }
  /** For the log. */
  | {
      readonly type: 'event';
      readonly event: string;
      readonly fields: Readonly<Record<string, unknown>>;
    }
  /** Its packs are in memory, so that it heeds a cancel from now on. */
  | { readonly type: 'began'; readonly taskId: string }
  | { readonly type: 'progress'; readonly taskId: string; readonly fraction: number }
  | { readonly type: 'done'; readonly taskId: string; readonly result: EngineResult }
  | {
      readonly type: 'failed';
      readonly taskId: string;
      readonly kind: EngineErrorKind;
      /** Public sentence for `invalid_*`; for `internal` the reason for the log. */
      readonly message: string;
    };
