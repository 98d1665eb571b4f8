/**
 * The messages between the API process and an engine process. Pixels never cross this line: the
 * parent names a source file in the staging folder, the engine answers with the path, size and
 * SHA-256 of a finished file there. This file imports no code, so that both sides can import it.
 */
import type { CutoutBackground, CutoutFraming, FoundSubject } from './cutout-terms.ts';
import type { PictureFigures } from './picture-figures.ts';

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

/** How packs share the memory of a device; absent fields leave every pack in memory from the start on. */
export interface ResidencySettings {
  /** MiB that loaded packs may take; absent: as much as there is. */
  readonly budgetMib?: number;
  /** Whether the operator named the budget: a pack that is larger is then refused, else it is tried alone. */
  readonly isBudgetStrict?: boolean;
  /** Seconds a pack stays after its last use: 0 not at all, -1 or absent for ever. */
  readonly keepAliveS?: number;
  /** Packs that are loaded at the start and stay. */
  readonly pinned?: readonly string[];
  /** Packs to load at the start; `all` or absent: those that fit, in the order given. */
  readonly preload?: 'all' | readonly string[];
  /** Groups of packs of which one at most may be in memory. */
  readonly exclusive?: readonly (readonly string[])[];
  /** Whether it takes over from a process that has given its packs back: then nothing is loaded at the start. */
  readonly isSuccessor?: boolean;
  /** MiB that packs were measured to take on this device before. */
  readonly measuredMib?: Readonly<Record<string, number>>;
}

/** A pack in the memory of an engine process. */
export interface ResidentPack {
  readonly packId: string;
  /** Lanes that hold it. */
  readonly copies: number;
  readonly isPinned: boolean;
  /** As in the settings, or as the operator asked when loading it. */
  readonly keepAliveS: number;
  readonly uses: number;
  /** Milliseconds UTC. */
  readonly loadedAt: number;
  readonly lastUsedAt: number;
  /** When it goes unless it is used; null: it stays. */
  readonly expiresAt: number | null;
}

/** What an engine process has in memory. */
export interface Residency {
  readonly packs: readonly ResidentPack[];
  /** MiB of one copy of each pack that was measured here. */
  readonly measuredMib: Readonly<Record<string, number>>;
  /** MiB of all copies, measured where that was done, else as the manifests say. */
  readonly usedMib: number;
  readonly budgetMib: number | null;
  /** Resident memory of the process before its first pack, and now, MiB. */
  readonly baseRssMib: number;
  readonly rssMib: number;
}

/** How a pack is to be loaded by hand. */
export interface LoadOptions {
  readonly keepAliveS?: number | undefined;
  readonly isPinned?: boolean | undefined;
}

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
