/** What runs on baked graphs tell, as the reference records it: its graphs have nothing inside. */
import type { HostTensor } from '../graph.ts';
import type { ComponentFolder } from './component-folder.ts';
import { graphConventionsSchema } from './graph-conventions.ts';
import { type LatentLayout, toLayout } from './latent-layout.ts';
import { decoderInput } from './picture-decoder.ts';

const PLAIN = graphConventionsSchema.parse({});

/** Recorded stages that happen inside a folder's graphs, where nothing can be seen of them. */
export function hiddenStages({
  conventions,
}: Pick<ComponentFolder, 'conventions'>): readonly string[] {
  return [
    ...(conventions.positionIds === 'inside' ? ['denoiser.img_ids', 'denoiser.txt_ids'] : []),
    ...(conventions.encoderGives === 'parameters' ? [] : ['encoder_latent_parameters']),
  ];
}

/** A stage of a run in the form that plain graphs give it. @param layout of the folder's family */
export function plainStage(
  parts: Pick<ComponentFolder, 'conventions' | 'vae'>,
  layout: LatentLayout,
  stage: string,
  tensor: HostTensor,
): HostTensor {
  const { latents, decoderTakes } = parts.conventions;
  if (stage === 'decoder_input' && decoderTakes === 'normalised-squares')
    return decoderInput({ vae: parts.vae, conventions: PLAIN }, tensor);
  const isOfLatents = /^step\d+\..*(latents|model_input|model_output)$/.test(stage);
  return latents === 'squares' && isOfLatents ? toLayout(tensor, layout) : tensor;
}
