import { describe, expect, it } from 'vitest';
import {
  guidanceEmbedding,
  guide,
  limitGuidanceNorm,
  rescaleGuidance,
} from '../../../src/inference/diffusion/guidance.ts';

describe('guidance', () => {
  it('starts from the negative prediction, or with Z-Image from the prompt’s', () => {
    const prompt = Float32Array.of(1, 2);
    const negative = Float32Array.of(0, 3);
    const at = (origin: 'negative' | 'prompt') => [
      ...guide(prompt, negative, { scale: 4, origin }, new Float32Array(2)),
    ];
    expect(at('negative')).toEqual([4, -1]);
    expect(at('prompt')).toEqual([5, -2]);
  });

  it('brings each picture to the prompt’s contrast', () => {
    const guided = Float32Array.of(2, -2, 10, -10);
    const prompt = Float32Array.of(1, -1, 1, -1);
    rescaleGuidance(guided, prompt, 1, 2);
    expect([...guided]).toEqual([1, -1, 1, -1]);
    const half = Float32Array.of(2, -2);
    rescaleGuidance(half, Float32Array.of(1, -1), 0.5, 1);
    expect([...half]).toEqual([1.5, -1.5]);
  });

  it('shortens a prediction that is longer than the prompt’s, and no other', () => {
    const long = Float32Array.of(6, 8);
    limitGuidanceNorm(long, Float32Array.of(5, 0));
    expect([...long]).toEqual([3, 4]);
    const short = Float32Array.of(3, 4);
    limitGuidanceNorm(short, Float32Array.of(10, 0));
    expect([...short]).toEqual([3, 4]);
  });

  it('writes a scale as sines, then cosines', () => {
    const embedding = guidanceEmbedding(1.5, 4);
    const angles = [500, 500 / 10_000];
    const expected = [...angles.map(Math.sin), ...angles.map(Math.cos)];
    for (const [i, value] of expected.entries()) expect(embedding[i]).toBeCloseTo(value, 6);
  });
});
