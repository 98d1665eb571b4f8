/**
 * Z-Image: one Qwen3 encoder, a network of one picture and only the text's own tokens. After ZImagePipeline of
 * diffusers 0.38.0.
 */
import { limitGuidanceNorm } from '../guidance.ts';
import { muOfTokens } from '../schedulers/flow-shift.ts';
import { withoutPadding } from '../text-embeddings.ts';
import type { Family } from './family.ts';
import { roundingStartDown } from './start-step.ts';
import { encodeChat, hidden, seen, state } from './text-encoders.ts';

const MAX_TOKENS = 512;

/** The family. */
export const zImage: Family = {
  name: 'Z-Image',
  choices: ['maxTokens', 'limitsGuidanceNorm', 'guidanceEnd'],
  edits: { strength: false, reference: false },
  layout: 'pixels',
  patch: 1,
  sideMultiple: 2,
  sign: -1,
  timestepInput: (timestep) => (1000 - timestep) / 1000,
  schedule: (config, steps, tokens) => ({
    steps,
    sigmaMin: 0,
    ...(config['use_dynamic_shifting'] === true && {
      mu: muOfTokens(config, tokens),
    }),
  }),
  startStep: roundingStartDown,
  async embed(parts, { text = '', choices }) {
    const length = choices.maxTokens ?? MAX_TOKENS;
    const encoded = await encodeChat(parts, { text, isThinking: true }, hidden(1), length);
    return {
      feeds: { encoder_hidden_states: withoutPadding(state(encoded), encoded.tokens.mask) },
      texts: seen(encoded),
    };
  },
  guidance({ guidanceScale, choices }) {
    if (guidanceScale <= 0) return null;
    const end = choices?.guidanceEnd ?? 1;
    return {
      order: ['prompt', 'negative'],
      origin: 'prompt',
      scale: guidanceScale,
      isActive: (timestepInput) => timestepInput <= end,
      ...(choices?.limitsGuidanceNorm === true && {
        correct: (guided, prompt, pictures) => {
          const each = guided.length / pictures;
          for (let start = 0; start < guided.length; start += each)
            limitGuidanceNorm(
              guided.subarray(start, start + each),
              prompt.subarray(start, start + each),
            );
        },
      }),
    };
  },
  fixedInputs: () => ({ perRow: {}, shared: {} }),
};
