/**
 * FLUX.1 (schnell, dev and Kontext): packed latents, CLIP's pooled state and T5. After FluxPipeline,
 * FluxImg2ImgPipeline and FluxKontextPipeline of diffusers 0.38.0.
 */
import { muOfTokens } from '../schedulers/flow-shift.ts';
import type { Family } from './family.ts';
import { fallingSigmas, pictureIds, textIds } from './position-ids.ts';
import { roundingStartDown } from './start-step.ts';
import { encode, seen, state } from './text-encoders.ts';

const MAX_TOKENS = 512;
const ID_SIZE = 3;
/** First coordinate of the picture that is edited. */
const REFERENCE = 1;

/** The family. */
export const flux: Family = {
  name: 'FLUX.1',
  choices: ['secondPrompt', 'maxTokens', 'trueGuidanceScale'],
  edits: { strength: true, reference: true },
  layout: 'squares',
  patch: 1,
  sideMultiple: 2,
  sign: 1,
  timestepInput: (timestep) => timestep / 1000,
  schedule: (config, steps, tokens) => ({
    steps,
    sigmas: fallingSigmas(steps),
    ...(config['use_dynamic_shifting'] === true && {
      mu: muOfTokens(config, tokens),
    }),
  }),
  startStep: roundingStartDown,
  async embed(parts, { text = '', secondText = text, choices }) {
    const pooled = await encode(parts, '', text, () => ['pooler_output']);
    const length = choices.maxTokens ?? MAX_TOKENS;
    const long = await encode(parts, '_2', secondText, () => ['last_hidden_state'], length);
    return {
      feeds: { encoder_hidden_states: state(long), pooled_projections: state(pooled) },
      texts: seen(pooled, long),
    };
  },
  guidance({ choices, negativePrompt }) {
    const scale = choices?.trueGuidanceScale ?? 1;
    if (scale <= 1 || negativePrompt === undefined) return null;
    return { order: ['prompt', 'negative'], origin: 'negative', scale };
  },
  fixedInputs({ request, latents, reference, textTokens }, network) {
    const inTokens = (sides: { readonly height: number; readonly width: number }) => ({
      height: sides.height / 2,
      width: sides.width / 2,
    });
    const pictures = [{ ...inTokens(latents), first: 0 }];
    if (reference !== undefined) pictures.push({ ...inTokens(reference), first: REFERENCE });
    const guidance = { data: Float32Array.of(request.guidanceScale), dims: [1] };
    return {
      perRow: network.inputs.has('guidance') ? { guidance } : {},
      shared: {
        img_ids: pictureIds(pictures, ID_SIZE),
        txt_ids: textIds(textTokens, ID_SIZE, false),
      },
    };
  },
};
