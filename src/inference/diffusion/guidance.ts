/**
 * Classifier-free guidance (Ho and Salimans, https://arxiv.org/abs/2207.12598), and the two corrections that the
 * reference's pipelines offer. Every function reads predictions and writes a new or a given array.
 */

/** Where a guided prediction starts from: Stable Diffusion from the negative one, Z-Image from the prompt's. */
export type GuidanceOrigin = 'negative' | 'prompt';

/** `origin + scale * (prompt - negative)`, into `out`, which may be either input. */
export function guide(
  prompt: Float32Array,
  negative: Float32Array,
  options: { readonly scale: number; readonly origin: GuidanceOrigin },
  out: Float32Array,
): Float32Array {
  const { length } = out;
  // From the prompt's it is the same sum with one more of the difference.
  const { scale } = options;
  const fromNegative = options.origin === 'negative' ? scale : scale + 1;
  for (let i = 0; i < length; i += 1) {
    const start = negative[i] as number;
    out[i] = start + fromNegative * ((prompt[i] as number) - start);
  }
  return out;
}

/** Standard deviation of a sample of values, as torch.std gives it. */
function deviation(values: Float32Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  const mean = sum / values.length;
  let squares = 0;
  for (const value of values) squares += (value - mean) ** 2;
  return Math.sqrt(squares / (values.length - 1));
}

/**
 * Bring the contrast of a guided prediction towards that of the prompt's, in place (Lin et al.,
 * https://arxiv.org/abs/2305.08891, section 3.4).
 * @param rescale share of the correction, 0..1.
 * @param pictures how many pictures the arrays hold; each is corrected by itself.
 */
export function rescaleGuidance(
  guided: Float32Array,
  prompt: Float32Array,
  rescale: number,
  pictures: number,
): void {
  const each = guided.length / pictures;
  for (let start = 0; start < guided.length; start += each) {
    const picture = guided.subarray(start, start + each);
    const ratio = deviation(prompt.subarray(start, start + each)) / deviation(picture);
    const factor = rescale * ratio + 1 - rescale;
    for (let i = 0; i < each; i += 1) picture[i] = (picture[i] as number) * factor;
  }
}

const norm = (values: Float32Array): number => {
  let squares = 0;
  for (const value of values) squares += value * value;
  return Math.sqrt(squares);
};

/** Shorten a guided prediction to the length of the prompt's where it is longer, in place (Z-Image). */
export function limitGuidanceNorm(guided: Float32Array, prompt: Float32Array): void {
  const longest = norm(prompt);
  const length = norm(guided);
  if (length <= longest) return;
  for (let i = 0; i < guided.length; i += 1) guided[i] = (guided[i] as number) * (longest / length);
}

/**
 * The sinusoidal embedding of a guidance scale that LCM's network takes, [1, size].
 * @param size `time_cond_proj_dim` of the network, even.
 */
export function guidanceEmbedding(scale: number, size: number): Float32Array {
  // In single precision as the reference does it: angles of thousands lose digits that sines show.
  const { fround } = Math;
  const half = size / 2;
  const rate = fround(fround(Math.log(10_000)) / (half - 1));
  const embedding = new Float32Array(size);
  for (let i = 0; i < half; i += 1) {
    const angle = fround(fround((scale - 1) * 1000) * fround(Math.exp(fround(-rate * i))));
    embedding[i] = Math.sin(angle);
    embedding[half + i] = Math.cos(angle);
  }
  return embedding;
}
