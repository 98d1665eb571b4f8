/** The family of a pipeline, by the class that its `model_index.json` names. */
import type { Family } from './family.ts';
import { flux } from './flux.ts';
import { flux2 } from './flux-2.ts';
import { stableDiffusion } from './stable-diffusion.ts';
import { stableDiffusion3 } from './stable-diffusion-3.ts';
import { stableDiffusionXl } from './stable-diffusion-xl.ts';
import { zImage } from './z-image.ts';

/** Exporters put these before the class of diffusers. */
const EXPORTERS = /^(ORT|Onnx)/;

const FAMILIES: Readonly<Record<string, Family>> = {
  StableDiffusionPipeline: stableDiffusion,
  StableDiffusionImg2ImgPipeline: stableDiffusion,
  LatentConsistencyModelPipeline: stableDiffusion,
  LatentConsistencyModelImg2ImgPipeline: stableDiffusion,
  StableDiffusionXLPipeline: stableDiffusionXl,
  StableDiffusionXLImg2ImgPipeline: stableDiffusionXl,
  StableDiffusion3Pipeline: stableDiffusion3,
  StableDiffusion3Img2ImgPipeline: stableDiffusion3,
  FluxPipeline: flux,
  FluxImg2ImgPipeline: flux,
  FluxKontextPipeline: flux,
  Flux2KleinPipeline: flux2,
  ZImagePipeline: zImage,
};

/**
 * Find a family.
 * @param index a parsed `model_index.json`
 * @throws Error naming the class where it is not known
 */
export function findFamily(index: Readonly<Record<string, unknown>>): Family {
  const name = String(index['_class_name']).replace(EXPORTERS, '');
  const family = FAMILIES[name];
  if (family === undefined)
    throw new Error(
      `Pipelines of class ${name} are not known; known: ${Object.keys(FAMILIES).join(', ')}.`,
    );
  return family;
}
