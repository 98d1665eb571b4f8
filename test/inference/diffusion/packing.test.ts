import { describe, expect, it } from 'vitest';
import {
  fromTokens,
  patchify,
  toTokens,
  unpatchify,
} from '../../../src/inference/diffusion/packing.ts';

describe('packing', () => {
  it('goes there and back', () => {
    const dims = [2, 3, 4, 6];
    const latents = { data: Float32Array.from({ length: 144 }, (_, i) => i), dims };
    const tokens = toTokens(patchify(latents));
    expect(tokens.dims).toEqual([2, 6, 12]);
    // The first token: channel by channel, the square's rows.
    expect([...tokens.data.subarray(0, 8)]).toEqual([0, 1, 6, 7, 24, 25, 30, 31]);
    expect(unpatchify(fromTokens(tokens, 2, 3))).toEqual(latents);
  });

  it('refuses latents of odd sides and a wrong number of tokens', () => {
    expect(() => patchify({ data: new Float32Array(6), dims: [1, 1, 2, 3] })).toThrow('even sides');
    expect(() => fromTokens({ data: new Float32Array(6), dims: [1, 6, 1] }, 2, 2)).toThrow(
      '4 tokens',
    );
  });
});
