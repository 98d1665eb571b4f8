/**
 * FLUX.2 [klein]: hidden states of Qwen3 side by side, latents that are squares already, and editing with a
 * reference picture. After Flux2KleinPipeline of diffusers 0.38.0.
 */
import { empiricalMu } from '../schedulers/flow-shift.ts';
import { sideBySide } from '../text-embeddings.ts';
import type { Family } from './family.ts';
import { asRow, fallingSigmas, pictureIds, textIds } from './position-ids.ts';
import { roundingStartDown } from './start-step.ts';
import { encodeChat, seen } from './text-encoders.ts';

const MAX_TOKENS = 512;
const ID_SIZE = 4;
const HIDDEN_LAYERS = [9, 18, 27];
/** Time coordinate of the picture that is edited. */
const REFERENCE = 10;

/** The family. */
export const flux2: Family = {
  name: 'FLUX.2',
  choices: ['maxTokens', 'hiddenLayers'],
  edits: { strength: false, reference: true },
  layout: 'tokens',
  patch: 2,
  sideMultiple: 1,
  sign: 1,
  timestepInput: (timestep) => timestep / 1000,
  schedule: (_config, steps, tokens) => ({
    steps,
    sigmas: fallingSigmas(steps),
    mu: empiricalMu(tokens, steps),
  }),
  startStep: roundingStartDown,
  async embed(parts, { text = '', choices }) {
    const names = (choices.hiddenLayers ?? HIDDEN_LAYERS).map((layer) => `hidden_states.${layer}`);
    const length = choices.maxTokens ?? MAX_TOKENS;
    const encoded = await encodeChat(parts, { text, isThinking: false }, () => names, length);
    return {
      feeds: { encoder_hidden_states: sideBySide(encoded.states) },
      texts: seen(encoded),
    };
  },
  guidance({ guidanceScale }, parts) {
    if (guidanceScale <= 1 || parts.index['is_distilled'] === true) return null;
    return { order: ['prompt', 'negative'], origin: 'negative', scale: guidanceScale };
  },
  fixedInputs({ latents, reference, textTokens }) {
    const pictures = [{ ...latents, first: 0 }];
    if (reference !== undefined) pictures.push({ ...latents, ...reference, first: REFERENCE });
    return {
      perRow: {
        img_ids: asRow(pictureIds(pictures, ID_SIZE)),
        txt_ids: asRow(textIds(textTokens, ID_SIZE, true)),
      },
      shared: {},
    };
  },
};
