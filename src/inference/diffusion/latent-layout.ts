/** How a family's network sees latents, and what its scheduler steps: pixels, or a sequence of tokens. */
import type { HostTensor } from '../graph.ts';
import { fromTokens, patchify, toTokens, unpatchify } from './packing.ts';

/**
 * `pixels`: [n, c, h, w]. `squares`: squares of 2x2 latents as tokens [n, h/2 * w/2, c*4] (FLUX.1).
 * `tokens`: each latent a token [n, h*w, c] (FLUX.2, whose latents are squares already).
 */
export type LatentLayout = 'pixels' | 'squares' | 'tokens';

/** NCHW latents in a layout. */
export function toLayout(latents: HostTensor, layout: LatentLayout): HostTensor {
  switch (layout) {
    case 'pixels':
      return latents;
    case 'squares':
      return toTokens(patchify(latents));
    case 'tokens':
      return toTokens(latents);
    default:
      return layout satisfies never;
  }
}

/** Latents of a layout as NCHW, of `height` x `width`. */
export function fromLayout(
  latents: HostTensor,
  layout: LatentLayout,
  { height, width }: { readonly height: number; readonly width: number },
): HostTensor {
  switch (layout) {
    case 'pixels':
      return latents;
    case 'squares':
      return unpatchify(fromTokens(latents, height / 2, width / 2));
    case 'tokens':
      return fromTokens(latents, height, width);
    default:
      return layout satisfies never;
  }
}

/** Tokens that a transformer sees of latents of `height` x `width`. */
export const tokenCount = (
  layout: LatentLayout,
  { height, width }: { readonly height: number; readonly width: number },
): number =>
  layout === 'tokens' ? height * width : Math.floor(height / 2) * Math.floor(width / 2);
