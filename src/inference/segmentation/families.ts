/**
 * Families of segmentation packs. All see the whole picture at a size of their own and give one plane; what differs are the
 * numbers and the resampling, which are those of each network's reference implementation.
 */
import { z } from 'zod';
import type { Filter } from '../../imaging/resampling-taps.ts';
import type { LoadedPack } from '../loaded-pack.ts';

type Triple = readonly [number, number, number];

/** How a family's picture becomes its matte. */
export interface MatteFamily {
  /** The size that the network sees: a square, or the ratio kept by MODNet's rule. */
  readonly shape: 'square' | 'modnet';
  readonly sizePx: number;
  /**
   * How the picture is brought there: by sharp, as PIL resizes bytes, or as floats.
   */
  readonly resize:
    | { readonly by: 'sharp' }
    | { readonly by: 'pil'; readonly filter: 'bilinear' | 'lanczos' }
    | { readonly by: 'floats'; readonly filter: Filter };
  /** What becomes 1: white, or the brightest value of the picture. */
  readonly divideBy: 'white' | 'brightest';
  readonly mean: Triple;
  readonly std: Triple;
  /** Which output is the matte. */
  readonly output: 'first' | 'last';
  readonly activation: 'none' | 'sigmoid';
  /** Whether the least and the greatest value of the matte become 0 and 1. */
  readonly minMax: boolean;
  /** `confidence`: how sure the network is, so that what it is nearly sure of is taken as sure; `opacity`: taken as it is. */
  readonly meaning: 'confidence' | 'opacity';
}

const NONE: Triple = [0, 0, 0];
const ONE: Triple = [1, 1, 1];
const HALF: Triple = [0.5, 0.5, 0.5];
/** Mean and deviation of ImageNet. */
const MEAN: Triple = [0.485, 0.456, 0.406];
const STD: Triple = [0.229, 0.224, 0.225];

const FAMILIES: Readonly<Record<string, MatteFamily>> = {
  /** This project's own. */
  'salient-object': {
    ...{ shape: 'square', sizePx: 256, resize: { by: 'sharp' }, divideBy: 'white' },
    ...{ mean: NONE, std: ONE, output: 'first', activation: 'none', minMax: false },
    meaning: 'confidence',
  },
  /** U²-Net, U²-NetP and silueta as https://github.com/danielgatis/rembg runs them, sessions/{base,u2net,silueta}.py. */
  u2net: {
    ...{ shape: 'square', sizePx: 320, resize: { by: 'pil', filter: 'lanczos' } },
    ...{ divideBy: 'brightest', mean: MEAN, std: STD, output: 'first', activation: 'none' },
    ...{ minMax: true, meaning: 'confidence' },
  },
  /** IS-Net as rembg runs it, sessions/dis_general_use.py. */
  isnet: {
    ...{ shape: 'square', sizePx: 1024, resize: { by: 'pil', filter: 'lanczos' } },
    ...{ divideBy: 'brightest', mean: MEAN, std: ONE, output: 'first', activation: 'none' },
    ...{ minMax: true, meaning: 'opacity' },
  },
  /** BiRefNet as its model card runs it, https://huggingface.co/ZhengPeng7/BiRefNet: torchvision's Resize is PIL's. */
  birefnet: {
    ...{ shape: 'square', sizePx: 1024, resize: { by: 'pil', filter: 'bilinear' } },
    ...{ divideBy: 'white', mean: MEAN, std: STD, output: 'last', activation: 'sigmoid' },
    ...{ minMax: false, meaning: 'opacity' },
  },
  /** MODNet as https://github.com/ZHKKKe/MODNet runs it, onnx/inference_onnx.py. */
  modnet: {
    ...{ shape: 'modnet', sizePx: 512, resize: { by: 'floats', filter: 'area' } },
    ...{ divideBy: 'white', mean: HALF, std: HALF, output: 'first', activation: 'none' },
    ...{ minMax: false, meaning: 'opacity' },
  },
  /** RMBG-1.4 as its model card runs it, https://huggingface.co/briaai/RMBG-1.4. */
  rmbg: {
    ...{ shape: 'square', sizePx: 1024, resize: { by: 'floats', filter: 'sampled' } },
    ...{ divideBy: 'white', mean: HALF, std: ONE, output: 'first', activation: 'none' },
    ...{ minMax: true, meaning: 'opacity' },
  },
};

/** Their names. */
export const FAMILY_NAMES: readonly string[] = Object.keys(FAMILIES);

const triple = z.tuple([z.number(), z.number(), z.number()]);
const inputsSchema = z.strictObject({
  sizePx: z.int().min(32).max(4096).optional(),
  mean: triple.optional(),
  std: triple.optional(),
  activation: z.enum(['none', 'sigmoid']).optional(),
  minMax: z.boolean().optional(),
});

/** How a pack is run. */
export interface MatteRun extends MatteFamily {
  /** Whether the manifest chose the size, which else a graph of a fixed size does. */
  readonly isSizeChosen: boolean;
}

/** A pack's family with what its `inputs` change. @throws Error when they cannot be used. */
export function matteRunOf({ pack }: LoadedPack): MatteRun {
  const family = FAMILIES[pack.family];
  if (family === undefined) {
    const known = FAMILY_NAMES.join(', ');
    throw new Error(`There is no segmentation family "${pack.family}": ${known}.`);
  }
  const { sizePx, mean, std, activation, minMax } = inputsSchema.parse(pack.inputs);
  return {
    ...family,
    isSizeChosen: sizePx !== undefined,
    sizePx: sizePx ?? family.sizePx,
    mean: mean ?? family.mean,
    std: std ?? family.std,
    activation: activation ?? family.activation,
    minMax: minMax ?? family.minMax,
  };
}
