/** A source picture as latents of the denoiser. */
import type { HostTensor } from '../graph.ts';
import type { ComponentFolder } from './component-folder.ts';
import { type GenerationHooks, SOURCE_DRAW } from './generation.ts';
import type { NoiseSource } from './noise.ts';
import { patchify } from './packing.ts';
import { latentOf, latentParameters, latentScale, toDenoiserScale } from './vae.ts';

/**
 * Encode a picture.
 * @param picture Float32 [1, 3, h, w], -1..1
 * @param noise for a sample of the encoder's distribution; null for its mode
 * @returns NCHW latents as the start noise is drawn: squares of 2x2 as channels where the autoencoder's stored means
 *   and variances are those of squares (FLUX.2)
 */
export async function encodeSource(
  parts: ComponentFolder,
  picture: HostTensor,
  noise: NoiseSource | null,
  { trace }: GenerationHooks,
): Promise<HostTensor> {
  const encoder = await parts.graph('vae_encoder');
  const parameters = await latentParameters(encoder, picture);
  trace?.('encoder_input', picture);
  trace?.('encoder_latent_parameters', parameters);
  if (parts.conventions.encoderGives === 'normalised-squares') return parameters;
  const drawn = noise === null ? null : new Float32Array(parameters.data.length / 2);
  if (drawn !== null) noise?.fill(drawn, SOURCE_DRAW, 1);
  const scale = latentScale(parts.vae);
  const latents = latentOf(parameters, drawn);
  const shaped = scale.scale.length === latents.dims[1] ? latents : patchify(latents);
  return { data: toDenoiserScale(shaped, scale), dims: shaped.dims };
}
