/** What a pipeline is opened with. */
import type { DecodeTiling } from './tiled-decoder.ts';

/** How a pipeline uses memory. */
export interface PipelineOptions {
  /** Rows (halves of guidance times pictures) that go through the network at once; 8 unless told. */
  readonly rowsPerCall?: number;
  readonly tiling?: DecodeTiling;
  /** Bytes of embeddings that are kept; 64 MiB unless told. */
  readonly embeddingBytes?: number;
  /** Whether text encoders leave memory before denoising, and are loaded again for a new text. */
  readonly unloadsTextEncoders?: boolean;
  /** Components that count as missing though their folder is there (a third text encoder). */
  readonly leftOut?: readonly string[];
  /** A scheduler configuration in place of the folder's. */
  readonly scheduler?: Readonly<Record<string, unknown>>;
}
