/** From the last latents of a run to pictures: scale, tiles, and a second try in full precision. */
import type { FloatTensor, HostTensor } from '../graph.ts';
import { inSmallerParts, type ShortageHelp, withMemoryGivenBack } from '../smaller-parts.ts';
import type { ComponentFolder } from './component-folder.ts';
import { unpatchify } from './packing.ts';
import { type DecodeTiling, decodeTiled } from './tiled-decoder.ts';
import { decodeLatents, latentScale, pixelsPerLatent, toDecoderScale } from './vae.ts';

/** The same decoder in full precision, where a pack in half precision brings one. */
const FULL_PRECISION = 'vae_decoder_fp32';

/** The smallest tile that memory is saved by, in latents; a smaller one sees too little for its tone. */
const LEAST_TILE = 24;

/** Tiles of a side, over each other by a quarter as the usual ones are. */
const tilesOf = (tile: number): DecodeTiling => ({
  ...{ wholeLatents: 0, tile },
  overlap: Math.floor(tile / 4),
});

/** What a decoder needs of a component folder. */
type DecoderParts = Pick<ComponentFolder, 'has' | 'graph' | 'vae' | 'conventions'>;

/** NCHW latents of the network as the decoder's graph takes them. */
export function decoderInput(
  parts: Pick<DecoderParts, 'vae' | 'conventions'>,
  latents: HostTensor,
): HostTensor {
  if (parts.conventions.decoderTakes === 'normalised-squares') return latents;
  const scale = latentScale(parts.vae);
  const scaled = { data: toDecoderScale(latents, scale), dims: latents.dims };
  return scale.scale.length === parts.vae.latent_channels ? scaled : unpatchify(scaled);
}

/** Values are all numbers. */
const isFiniteTensor = ({ data }: FloatTensor): boolean => data.every(Number.isFinite);

/** Nothing but black, which is what infinities in half precision become behind a normalisation. */
const isBlack = ({ data }: FloatTensor): boolean => data.every((value) => value <= -1);

/** Decodes pictures one at a time, so that a batch needs no more memory than one. */
export class PictureDecoder {
  readonly #parts: DecoderParts;
  readonly #tiling: DecodeTiling;
  readonly #shortage: ShortageHelp;

  /** @param shortage what helps before smaller tiles when memory ran out. */
  constructor(parts: DecoderParts, tiling: DecodeTiling, shortage: ShortageHelp = {}) {
    this.#parts = parts;
    this.#tiling = tiling;
    this.#shortage = shortage;
  }

  /**
   * Decode latents [n, c, h, w] at the decoder's scale.
   * @param onTile told the share that is done, 0..1; may throw to stop
   * @returns Float32 [n, 3, height, width]
   * @throws Error when the decoder overflows and the pack has none in full precision.
   */
  async decode(latents: HostTensor, onTile: (done: number) => void): Promise<FloatTensor> {
    const [pictures = 0, ...one] = latents.dims;
    const each = latents.data.length / pictures;
    const decoded: FloatTensor[] = [];
    for (let picture = 0; picture < pictures; picture += 1) {
      const data = latents.data.subarray(picture * each, (picture + 1) * each);
      decoded.push(
        await this.#decodeOne({ data, dims: [1, ...one] }, (done) =>
          onTile((picture + done) / pictures),
        ),
      );
    }
    const data = new Float32Array(decoded.reduce((sum, picture) => sum + picture.data.length, 0));
    for (const [at, picture] of decoded.entries()) data.set(picture.data, at * picture.data.length);
    return { data, dims: [pictures, ...(decoded[0]?.dims.slice(1) ?? [])] };
  }

  async #decodeOne(latents: HostTensor, onTile: (done: number) => void): Promise<FloatTensor> {
    const decoded = await this.#decodeWith('vae_decoder', latents, onTile);
    const { inputs } = await this.#parts.graph('vae_decoder');
    const isHalf = inputs.get('latent_sample')?.type === 'float16';
    if (isFiniteTensor(decoded) && !(isHalf && isBlack(decoded))) return decoded;
    if (!isHalf) throw new Error('The decoder gave NaN or infinity.');
    if (!this.#parts.has(FULL_PRECISION))
      throw new Error(`The decoder overflowed, and the pack has no ${FULL_PRECISION}.`);
    const again = await this.#decodeWith(FULL_PRECISION, latents, onTile);
    if (!isFiniteTensor(again)) throw new Error('The decoder gave NaN or infinity.');
    return again;
  }

  async #decodeWith(component: string, latents: HostTensor, onTile: (done: number) => void) {
    const graph = await withMemoryGivenBack(() => this.#parts.graph(component), this.#shortage);
    const decode = (part: HostTensor) => decodeLatents(graph, part);
    const squares = this.#parts.conventions.decoderTakes === 'normalised-squares' ? 2 : 1;
    const scalePx = pixelsPerLatent(this.#parts.vae) * squares;
    const [, , height = 0, width = 0] = latents.dims;
    const whole = Math.max(height, width);
    const isWhole = height * width <= this.#tiling.wholeLatents;
    const first = isWhole ? whole : this.#tiling.tile;
    return inSmallerParts(
      { name: 'a tile of latents', first, least: Math.min(first, LEAST_TILE) },
      (tile) => {
        const tiling = tile < first ? tilesOf(tile) : this.#tiling;
        return decodeTiled(latents, scalePx, tiling, decode, onTile);
      },
      this.#shortage,
    );
  }
}
