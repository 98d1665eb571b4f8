/**
 * Stable Diffusion 1.x, 2.x and Turbo, and latent consistency models on them, which differ by one input of the
 * network. After StableDiffusionPipeline and LatentConsistencyModelPipeline of diffusers 0.38.0.
 */
import type { Graph } from '../../graph.ts';
import type { ComponentFolder } from '../component-folder.ts';
import type { GenerationRequest } from '../generation.ts';
import { guidanceEmbedding, rescaleGuidance } from '../guidance.ts';
import type { Family, FixedInputs, Guidance } from './family.ts';
import { roundingStepsDown } from './start-step.ts';
import { encode, seen, state } from './text-encoders.ts';

/** Whether the network takes the guidance scale as an input and was distilled to need no second half (LCM). */
const takesGuidanceScale = (parts: ComponentFolder): boolean =>
  typeof parts.config(parts.network)['time_cond_proj_dim'] === 'number';

/** Guidance of Stable Diffusion and SDXL: from the negative prediction, with the correction of its contrast. */
export function stableDiffusionGuidance(
  request: GenerationRequest,
  parts: ComponentFolder,
): Guidance | null {
  if (request.guidanceScale <= 1 || takesGuidanceScale(parts)) return null;
  const rescale = request.choices?.guidanceRescale ?? 0;
  return {
    order: ['negative', 'prompt'],
    origin: 'negative',
    scale: request.guidanceScale,
    ...(rescale > 0 && {
      correct: (guided, prompt, pictures) => rescaleGuidance(guided, prompt, rescale, pictures),
    }),
  };
}

/** The embedded guidance scale where the network takes one (LCM). */
function guidanceCondition({ guidanceScale }: GenerationRequest, network: Graph): FixedInputs {
  const size = network.inputs.get('timestep_cond')?.dims[1];
  if (size === undefined) return { perRow: {}, shared: {} };
  const data = guidanceEmbedding(guidanceScale, Number(size));
  return { perRow: { timestep_cond: { data, dims: [1, data.length] } }, shared: {} };
}

/** The family. */
export const stableDiffusion: Family = {
  name: 'Stable Diffusion',
  choices: ['guidanceRescale'],
  edits: { strength: true, reference: false },
  layout: 'pixels',
  patch: 1,
  sideMultiple: 1,
  sign: 1,
  timestepInput: (timestep) => timestep,
  schedule: (_config, steps) => ({ steps }),
  startStep: roundingStepsDown,
  async embed(parts, { text = '' }) {
    const encoded = await encode(parts, '', text, () => ['last_hidden_state']);
    return {
      feeds: { encoder_hidden_states: state(encoded) },
      texts: seen(encoded),
    };
  },
  guidance: stableDiffusionGuidance,
  fixedInputs: ({ request }, network) => guidanceCondition(request, network),
};
