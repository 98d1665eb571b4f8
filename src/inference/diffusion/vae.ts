/**
 * Between latents and what the graphs of the autoencoder take and give, as diffusers' pipelines do it:
 * https://github.com/huggingface/diffusers/blob/v0.38.0/src/diffusers/models/autoencoders/vae.py
 */
import { z } from 'zod';
import type { Picture } from '../../imaging/picture.ts';
import type { FloatTensor, Graph, HostTensor } from '../graph.ts';

/** What `vae_decoder/config.json` says about latents. */
export const vaeConfigSchema = z.looseObject({
  latent_channels: z.int().min(1),
  block_out_channels: z.array(z.int()).min(1),
  scaling_factor: z.number().nullish(),
  shift_factor: z.number().nullish(),
  bn_running_mean: z.array(z.number()).optional(),
  bn_running_var: z.array(z.number()).optional(),
  batch_norm_eps: z.number().optional(),
});

/** A checked configuration. */
export type VaeConfig = Readonly<z.infer<typeof vaeConfigSchema>>;

/** A factor and an offset of each channel: what the decoder takes is `latent * scale + offset`. */
export interface LatentScale {
  readonly scale: readonly number[];
  readonly offset: readonly number[];
}

/** Pixels of a side that one latent stands for. */
export const pixelsPerLatent = (config: VaeConfig): number =>
  2 ** (config.block_out_channels.length - 1);

/**
 * How the denoiser's latents are scaled: by one factor and shift, or with FLUX.2 by the mean and
 * variance of each of its patchified channels.
 * @throws Error when the configuration has neither.
 */
export function latentScale(config: VaeConfig): LatentScale {
  const { bn_running_mean: mean, bn_running_var: variance, batch_norm_eps: epsilon } = config;
  if (mean !== undefined && variance !== undefined && epsilon !== undefined) {
    return { scale: variance.map((value) => Math.sqrt(value + epsilon)), offset: mean };
  }
  if (typeof config.scaling_factor !== 'number')
    throw new Error('The autoencoder has neither a scaling factor nor stored means and variances.');
  const all = <T>(value: T) => Array.from({ length: config.latent_channels }, () => value);
  return { scale: all(1 / config.scaling_factor), offset: all(config.shift_factor ?? 0) };
}

/** Applies `map` to each value of NCHW data with its channel's factor and offset, into a new array. */
function byChannel(
  { data, dims }: HostTensor,
  { scale, offset }: LatentScale,
  map: (value: number, factor: number, shift: number) => number,
): Float32Array {
  const [, channels = 0, height = 0, width = 0] = dims;
  if (channels !== scale.length)
    throw new Error(`Expected latents of ${scale.length} channels, received ${channels}.`);
  const plane = height * width;
  const result = new Float32Array(data.length);
  for (let at = 0; at < data.length; at += 1) {
    const channel = Math.floor(at / plane) % channels;
    result[at] = map(data[at] as number, scale[channel] as number, offset[channel] as number);
  }
  return result;
}

/** Latents of the denoiser, NCHW, as the decoder takes them. */
export const toDecoderScale = (latents: HostTensor, scale: LatentScale): Float32Array =>
  byChannel(latents, scale, (value, factor, shift) => value * factor + shift);

/** Latents of the encoder, NCHW, as the denoiser takes them. */
export const toDenoiserScale = (latents: HostTensor, scale: LatentScale): Float32Array =>
  byChannel(latents, scale, (value, factor, shift) => (value - shift) / factor);

/** Encode a picture. @param picture Float32 NCHW, -1..1. @returns mean and log variance, [n, 2c, h, w]. */
export async function latentParameters(encoder: Graph, picture: HostTensor): Promise<FloatTensor> {
  const { latent_parameters: parameters } = await encoder.run({ sample: picture }, [
    'latent_parameters',
  ]);
  if (parameters === undefined) throw new Error('The encoder gave no latent parameters.');
  return parameters;
}

/**
 * A latent of the encoder's distribution.
 * @param parameters [n, 2c, h, w]: means, then log variances, clamped to -30..20 as the reference does.
 * @param noise standard normal [n, c, h, w]; null for the distribution's mode, its mean.
 */
export function latentOf(parameters: FloatTensor, noise: Float32Array | null): HostTensor {
  const [pictures = 0, double = 0, height = 0, width = 0] = parameters.dims;
  const each = (double / 2) * height * width;
  const data = new Float32Array(pictures * each);
  for (let at = 0; at < data.length; at += 1) {
    const mean = Math.floor(at / each) * 2 * each + (at % each);
    data[at] = parameters.data[mean] as number;
    if (noise !== null) {
      const logVariance = Math.min(20, Math.max(-30, parameters.data[mean + each] as number));
      data[at] = (data[at] as number) + Math.exp(logVariance / 2) * (noise[at] as number);
    }
  }
  return { data, dims: [pictures, double / 2, height, width] };
}

/** Decode latents of the decoder's scale. @returns Float32 NCHW, about -1..1, not clamped. */
export async function decodeLatents(decoder: Graph, latents: HostTensor): Promise<FloatTensor> {
  const { sample } = await decoder.run({ latent_sample: latents }, ['sample']);
  if (sample === undefined) throw new Error('The decoder gave no picture.');
  return sample;
}

/** A picture as the encoder takes it: Float32 [1, 3, height, width], -1..1. @param picture opaque, alpha is dropped */
export function fromBytes({ data, widthPx, heightPx, channels }: Picture): HostTensor {
  const plane = widthPx * heightPx;
  const values = new Float32Array(3 * plane);
  for (let at = 0; at < values.length; at += 1) {
    const byte = data[(at % plane) * channels + Math.floor(at / plane)] as number;
    values[at] = (byte / 255) * 2 - 1;
  }
  return { data: values, dims: [1, 3, heightPx, widthPx] };
}

/** Picture `index` of decoded ones, as bytes [height, width, 3]. */
export function toBytes({ data, dims }: FloatTensor, index: number): Uint8Array {
  const [, , height = 0, width = 0] = dims;
  const plane = height * width;
  const bytes = new Uint8Array(plane * 3);
  const start = index * plane * 3;
  for (let at = 0; at < bytes.length; at += 1) {
    const value = data[start + (at % 3) * plane + Math.floor(at / 3)] as number;
    bytes[at] = Math.round(Math.min(1, Math.max(0, value / 2 + 0.5)) * 255);
  }
  return bytes;
}
