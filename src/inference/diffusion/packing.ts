/**
 * How transformers of the FLUX family see latents: squares of 2x2 as one token or one pixel.
 * FLUX.1 packs [n, c, h, w] into tokens [n, h/2 * w/2, c*4]; FLUX.2 makes channels of them first, [n, c*4, h/2, w/2],
 * and then takes each pixel as a token. In both a token's values are in the order channel, row, column.
 */
import type { HostTensor } from '../graph.ts';

/** Walks the squares: `plain` and `patched` are offsets of the same value in [n, c, h, w] and [n, c*4, h/2, w/2]. */
function eachValue(dims: readonly number[], visit: (plain: number, patched: number) => void): void {
  const [pictures = 0, channels = 0, height = 0, width = 0] = dims;
  if (height % 2 !== 0 || width % 2 !== 0)
    throw new Error(`Expected latents of even sides, received ${width}x${height}.`);
  const across = width / 2;
  const plane = (height / 2) * across;
  let plain = 0;
  for (let all = 0; all < pictures * channels; all += 1) {
    for (let y = 0; y < height; y += 1) {
      for (let x = 0; x < width; x += 1) {
        const patch = all * 4 + (y % 2) * 2 + (x % 2);
        visit(plain, patch * plane + (y >> 1) * across + (x >> 1));
        plain += 1;
      }
    }
  }
}

/** Squares to channels: [n, c, h, w] to [n, c*4, h/2, w/2]. */
export function patchify({ data, dims }: HostTensor): HostTensor {
  const [n = 0, c = 0, h = 0, w = 0] = dims;
  const patched = new Float32Array(data.length);
  eachValue(dims, (from, to) => {
    patched[to] = data[from] as number;
  });
  return { data: patched, dims: [n, c * 4, h / 2, w / 2] };
}

/** Channels back to squares: [n, c*4, h/2, w/2] to [n, c, h, w]. */
export function unpatchify({ data, dims }: HostTensor): HostTensor {
  const [n = 0, c = 0, h = 0, w = 0] = dims;
  const plainDims = [n, c / 4, h * 2, w * 2];
  const plain = new Float32Array(data.length);
  eachValue(plainDims, (to, from) => {
    plain[to] = data[from] as number;
  });
  return { data: plain, dims: plainDims };
}

/** Pixels to tokens: [n, c, h, w] to [n, h*w, c]. */
export function toTokens({ data, dims }: HostTensor): HostTensor {
  const [n = 0, c = 0, h = 0, w = 0] = dims;
  const plane = h * w;
  const tokens = new Float32Array(data.length);
  for (let at = 0; at < tokens.length; at += 1) {
    const picture = Math.floor(at / (c * plane));
    const pixel = Math.floor(at / c) % plane;
    tokens[at] = data[(picture * c + (at % c)) * plane + pixel] as number;
  }
  return { data: tokens, dims: [n, plane, c] };
}

/** Tokens back to pixels: [n, h*w, c] to [n, c, h, w]. */
export function fromTokens({ data, dims }: HostTensor, height: number, width: number): HostTensor {
  const [n = 0, tokens = 0, c = 0] = dims;
  if (tokens !== height * width)
    throw new Error(`Expected ${height * width} tokens, received ${tokens}.`);
  const turned = toTokens({ data, dims: [n, tokens, c, 1] });
  return { data: turned.data, dims: [n, c, height, width] };
}
