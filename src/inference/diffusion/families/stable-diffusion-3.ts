/** Stable Diffusion 3: two CLIP encoders and T5, flow matching. After StableDiffusion3Pipeline of diffusers 0.38.0. */
import type { FloatTensor } from '../../graph.ts';
import type { ComponentFolder } from '../component-folder.ts';
import { muOfTokens } from '../schedulers/flow-shift.ts';
import { oneAfterOther, sideBySide, widen } from '../text-embeddings.ts';
import type { EncodedText, Family } from './family.ts';
import { stableDiffusionGuidance } from './stable-diffusion.ts';
import { roundingStartDown } from './start-step.ts';
import { encode, hidden, seen, state } from './text-encoders.ts';

/** Tokens of T5 where nothing is asked for. */
const MAX_TOKENS = 256;

/** The third encoder's part; zeros where the pack leaves that encoder out. */
async function longText(
  parts: ComponentFolder,
  text: string,
  length: number,
): Promise<{ readonly states: FloatTensor; readonly texts: readonly EncodedText[] }> {
  if (!parts.has('text_encoder_3')) {
    const width = Number(parts.config('transformer')['joint_attention_dim']);
    const states = { data: new Float32Array(length * width), dims: [1, length, width] };
    return { states, texts: [] };
  }
  const encoded = await encode(parts, '_3', text, () => ['last_hidden_state'], length);
  return { states: state(encoded), texts: seen(encoded) };
}

/** The family. */
export const stableDiffusion3: Family = {
  name: 'Stable Diffusion 3',
  choices: ['secondPrompt', 'maxTokens'],
  edits: { strength: true, reference: false },
  layout: 'pixels',
  patch: 1,
  sideMultiple: 2,
  sign: 1,
  timestepInput: (timestep) => timestep,
  schedule: (config, steps, tokens) => ({
    steps,
    ...(config['use_dynamic_shifting'] === true && {
      mu: muOfTokens(config, tokens),
    }),
  }),
  startStep: roundingStartDown,
  async embed(parts, { text = '', secondText = text, choices }) {
    const first = await encode(parts, '', text, hidden(1, 'text_embeds'));
    const second = await encode(parts, '_2', secondText, hidden(1, 'text_embeds'));
    const long = await longText(parts, secondText, choices.maxTokens ?? MAX_TOKENS);
    const clip = sideBySide([state(first), state(second)]);
    return {
      feeds: {
        encoder_hidden_states: oneAfterOther(widen(clip, long.states.dims[2] ?? 0), long.states),
        pooled_projections: sideBySide([state(first, 1), state(second, 1)]),
      },
      texts: [...seen(first, second), ...long.texts],
    };
  },
  guidance: stableDiffusionGuidance,
  fixedInputs: () => ({ perRow: {}, shared: {} }),
};
