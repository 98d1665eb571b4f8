/** Stages of the reference's cases: prompts to embeddings in every family, and the first answer of the U-Nets. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { guidanceEmbedding } from '../../../src/inference/diffusion/guidance.ts';
import { loadPromptTokenizer } from '../../../src/inference/diffusion/prompt-tokenizer.ts';
import {
  encodeText,
  hiddenStateName,
  oneAfterOther,
  sideBySide,
  widen,
  withoutPadding,
} from '../../../src/inference/diffusion/text-embeddings.ts';
import type { FloatTensor } from '../../../src/inference/graph.ts';
import { loadGraph } from '../../../src/inference/session.ts';
import {
  diffusionFixtures,
  largestDifference,
  type ReferenceCase,
  referenceCases,
} from './fixtures.ts';

interface Spec {
  readonly params: Readonly<Record<string, unknown>> & { readonly prompt: string };
  readonly text_encoder_calls: readonly {
    readonly encoder: string;
    readonly input_ids: readonly (readonly number[])[];
  }[];
  readonly denoiser_timesteps: readonly (readonly number[])[];
}

const fixtures = diffusionFixtures();
const cases = fixtures === null ? [] : referenceCases(fixtures);
const cpu = { provider: 'cpu', deviceId: 0, threads: 1 } as const;
const specOf = (run: ReferenceCase): Spec =>
  JSON.parse(readFileSync(run.path('case.json'), 'utf8'));
const folderOf = (run: ReferenceCase, part: string) =>
  join(fixtures ?? '', 'models', run.model, part);
const openGraph = (run: ReferenceCase, part: string) =>
  loadGraph(join(folderOf(run, part), 'model.onnx'), cpu);

/** The prompt's ids and the outputs of one encoder; ids are those of the reference. */
async function encodePrompt(
  run: ReferenceCase,
  number: '' | '_2' | '_3',
  outputsOf: (last: (fromLast: number) => string) => readonly string[],
): Promise<{ states: readonly FloatTensor[]; mask: Int32Array }> {
  const { params, text_encoder_calls: calls } = specOf(run);
  const call = calls.find(({ encoder }) => encoder === `text_encoder${number}`);
  const ids = call?.input_ids[0] ?? [];
  const tokenizer = await loadPromptTokenizer(folderOf(run, `tokenizer${number}`));
  const prompt = String((number === '_2' && params['prompt_2']) || params.prompt);
  const isChat = run.model.startsWith('flux2') || run.model.startsWith('zimage');
  const text = isChat ? tokenizer.chat(prompt, run.model.startsWith('zimage')) : prompt;
  const tokens = tokenizer.tokenize(text, ids.length);
  expect([...tokens.ids]).toEqual(ids);
  const encoder = await openGraph(run, `text_encoder${number}`);
  const states = await encodeText(
    encoder,
    tokens,
    outputsOf((fromLast) => hiddenStateName(encoder, fromLast)),
  );
  await encoder.release();
  return { states, mask: tokens.mask };
}

/** The embeddings of the prompt, by the network's input. */
async function embeddings(run: ReferenceCase): Promise<Record<string, FloatTensor>> {
  const family = run.model.split('-')[0];
  const skip = Number(specOf(run).params['clip_skip'] ?? 0);
  const clip = async (number: '' | '_2', pooled: boolean) =>
    (
      await encodePrompt(run, number, (last) => [
        last(1 + skip),
        ...(pooled ? ['text_embeds'] : []),
      ])
    ).states as [FloatTensor, FloatTensor];
  if (family === 'sdxl') {
    const [first] = await clip('', false);
    const [second, pooled] = await clip('_2', true);
    return { encoder_hidden_states: sideBySide([first, second]), text_embeds: pooled };
  }
  if (family === 'sd3') {
    const [first, pooled1] = await clip('', true);
    const [second, pooled2] = await clip('_2', true);
    const { states } = await encodePrompt(run, '_3', () => ['last_hidden_state']);
    const both = widen(sideBySide([first, second]), states[0]?.dims[2] ?? 0);
    return {
      encoder_hidden_states: oneAfterOther(both, states[0]!),
      pooled_projections: sideBySide([pooled1, pooled2]),
    };
  }
  if (family === 'flux') {
    const { states: pooled } = await encodePrompt(run, '', () => ['pooler_output']);
    const { states } = await encodePrompt(run, '_2', () => ['last_hidden_state']);
    return { encoder_hidden_states: states[0]!, pooled_projections: pooled[0]! };
  }
  if (family === 'flux2') {
    const layers = specOf(run).params['text_encoder_out_layers'] as number[];
    const names = layers.map((layer) => `hidden_states.${layer}`);
    const { states } = await encodePrompt(run, '', () => names);
    return { encoder_hidden_states: sideBySide(states) };
  }
  if (family === 'zimage') {
    const { states, mask } = await encodePrompt(run, '', (last) => [last(1)]);
    return { 'encoder_hidden_states.0': withoutPadding(states[0]!, mask) };
  }
  const { states } = await encodePrompt(run, '', () => ['last_hidden_state']);
  return { encoder_hidden_states: states[0]! };
}

/** The network's first answer to the stored inputs, in the types the graph declares. */
async function firstAnswer(run: ReferenceCase): Promise<FloatTensor> {
  const network = await openGraph(run, 'unet');
  const sample = run.tensor('step0.call0.model_input');
  const [timestep = 0] = specOf(run).denoiser_timesteps[0] ?? [];
  const scalar = network.inputs.get('timestep')?.dims.length === 0;
  const feeds: Record<string, FloatTensor> = {
    sample,
    timestep: { data: Float32Array.of(timestep), dims: scalar ? [] : [1] },
  };
  for (const name of network.inputs.keys())
    if (run.has(`denoiser.${name}`)) feeds[name] = run.tensor(`denoiser.${name}`);
  const condition = network.inputs.get('timestep_cond');
  if (condition !== undefined) {
    const size = Number(condition.dims[1]);
    const scale = Number(specOf(run).params['guidance_scale']);
    feeds['timestep_cond'] = { data: guidanceEmbedding(scale, size), dims: [1, size] };
  }
  const { out_sample: answer } = await network.run(feeds, ['out_sample']);
  await network.release();
  return answer!;
}

describe.skipIf(fixtures === null)('stages of the reference', () => {
  // Two cases store only some rows of their text embeddings.
  const whole = cases.filter((run) => !/sd3-tiny\/(default-length|no-t5)/.test(run.name));

  it.each(whole)('$name: the prompt becomes the reference’s embeddings', async (run) => {
    const limit = run.model.endsWith('fp16') ? 2e-2 : 1e-4;
    for (const [name, { data }] of Object.entries(await embeddings(run))) {
      const stored = run.tensor(`denoiser.${name}`);
      // The prompt's half is the last one, behind the negative's.
      const own = stored.data.subarray(stored.data.length - data.length);
      expect(largestDifference(data, own), name).toBeLessThan(limit);
    }
  });

  const unets = cases.filter((run) => /^(sd15|sd-turbo|lcm|sdxl)/.test(run.model));
  it.each(unets)('$name: the network answers as the reference’s', async (run) => {
    const limit = run.model.endsWith('fp16') ? 5e-2 : 1e-4;
    const expected = run.tensor('step0.call0.model_output');
    const answer = await firstAnswer(run);
    expect(answer.dims).toEqual(expected.dims);
    expect(largestDifference(answer.data, expected.data)).toBeLessThan(limit);
  });
});
