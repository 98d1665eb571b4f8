/** SDXL and SDXL Turbo: two CLIP encoders and size conditions. After StableDiffusionXLPipeline of diffusers 0.38.0. */
import type { FloatTensor } from '../../graph.ts';
import type { GenerationRequest } from '../generation.ts';
import { sideBySide } from '../text-embeddings.ts';
import type { Embedding, Family } from './family.ts';
import { stableDiffusion, stableDiffusionGuidance } from './stable-diffusion.ts';
import { encode, hidden, seen, state } from './text-encoders.ts';

const zerosLike = ({ dims, data }: FloatTensor): FloatTensor => ({
  data: new Float32Array(data.length),
  dims,
});

/** What the network takes where there is no negative prompt. */
function withoutWords({ feeds, texts }: Embedding): Embedding {
  const zeros = Object.entries(feeds).map(([name, tensor]) => [name, zerosLike(tensor)]);
  return { feeds: Object.fromEntries(zeros), texts };
}

/** `time_ids`: original size, crop and target size, each height or top first. */
function timeIds({ heightPx, widthPx, choices }: GenerationRequest): FloatTensor {
  const { original, cropTopLeft, target } = choices?.sizes ?? {};
  const own = [heightPx, widthPx] as const;
  const ids = [...(original ?? own), ...(cropTopLeft ?? [0, 0]), ...(target ?? own)];
  return { data: Float32Array.from(ids), dims: [1, ids.length] };
}

/** The family. */
export const stableDiffusionXl: Family = {
  ...stableDiffusion,
  name: 'Stable Diffusion XL',
  choices: ['guidanceRescale', 'secondPrompt', 'clipSkip', 'sizes'],
  async embed(parts, { half, text, secondText, choices }) {
    // The reference leaves layers out of the prompt's embedding only.
    const skip = half === 'prompt' ? (choices.clipSkip ?? 0) : 0;
    const first = await encode(parts, '', text ?? '', hidden(1 + skip));
    const second = await encode(
      parts,
      '_2',
      secondText ?? text ?? '',
      hidden(1 + skip, 'text_embeds'),
    );
    const embedding = {
      feeds: {
        encoder_hidden_states: sideBySide([state(first), state(second)]),
        text_embeds: state(second, 1),
      },
      texts: seen(first, second),
    };
    const isZero = text === undefined && parts.index['force_zeros_for_empty_prompt'] !== false;
    return isZero ? withoutWords(embedding) : embedding;
  },
  guidance: stableDiffusionGuidance,
  fixedInputs: ({ request }) => ({ perRow: { time_ids: timeIds(request) }, shared: {} }),
};
