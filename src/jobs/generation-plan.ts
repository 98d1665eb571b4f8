/**
 * What a generate request means for the pack that answers it: the styled prompt, the pack's own defaults,
 * the exact size. What the pack cannot do is refused here by the field's name, before anything is held.
 */
import type { EditMode, EngineOperation } from '../engine/protocol.ts';
import { invalidRequest } from '../errors.ts';
import type { AspectRatio, GenerateRequest, PixelSize, StyleName } from './job.ts';

/** A number that a pack has a default and a limit for. */
export interface Adjustable {
  readonly default: number;
  readonly max: number;
}

/** The pack behind a model id, and what callers may ask of it. */
export interface Generator {
  readonly packId: string;
  /** Longest side of what the model delivers. */
  readonly longestSidePx: number;
  readonly steps: Adjustable;
  readonly guidanceScale: Adjustable;
  readonly supports: readonly ('guidance' | 'negativePrompt' | 'strength' | 'reference')[];
}

/** The words of a style. */
export interface StyleWords {
  readonly words: string;
  readonly editWords: string;
  readonly negative: string;
}

/** The words of every style. */
export type StyleBook = Readonly<Record<StyleName, StyleWords>>;

/** What planning a generation needs beside the request. */
export interface GenerationParts {
  readonly generator: Generator;
  readonly styles: StyleBook;
  /** Pack that enlarges what the generator makes too small; absent: a plain resize. */
  readonly upscalerId: string | undefined;
}

type GenerateOperation = Extract<EngineOperation, { operation: 'generate' }>;

/** How much is made anew where a pack can only start from the picture and the caller does not say. */
const DEFAULT_STRENGTH = 0.6;

const RATIOS: Readonly<Record<AspectRatio, readonly [width: number, height: number]>> = {
  '1:1': [1, 1],
  '4:3': [4, 3],
  '16:9': [16, 9],
  '9:16': [9, 16],
};

/** The exact size of a ratio whose longest side is given. */
export function sizeOf(ratio: AspectRatio, longestSidePx: number): PixelSize {
  const [width, height] = RATIOS[ratio];
  const unit = longestSidePx / Math.max(width, height);
  return { widthPx: Math.round(width * unit), heightPx: Math.round(height * unit) };
}

/** A text and the words of a style after it, with one comma between; without words the text as it is. */
function withWords(text: string, words: string): string {
  if (words === '') return text;
  const stem = text.replace(/[\s.,;]+$/u, '');
  return [stem, words].filter((part) => part !== '').join(', ');
}

const cannot = (field: string, { packId }: Generator): Error =>
  invalidRequest(`Expected no ${field}: the model pack ${packId} cannot do that.`);

function chosen(field: string, value: number | undefined, range: Adjustable): number {
  if (value === undefined) return range.default;
  if (value > range.max) {
    throw invalidRequest(
      `Expected a number of at most ${range.max} for ${field}, received ${value}.`,
    );
  }
  return value;
}

function editModeOf(
  { imageUrl, options }: GenerateRequest,
  generator: Generator,
): EditMode | undefined {
  const { strength } = options;
  const canStart = generator.supports.includes('strength');
  if (imageUrl === undefined) {
    if (strength === undefined) return undefined;
    throw invalidRequest('Expected options.image_url where options.strength is given.');
  }
  if (strength !== undefined) {
    if (!canStart) throw cannot('options.strength', generator);
    return { kind: 'strength', strength };
  }
  if (generator.supports.includes('reference')) return { kind: 'reference' };
  if (canStart) return { kind: 'strength', strength: DEFAULT_STRENGTH };
  throw cannot('options.image_url', generator);
}

/** A strength so small that no step would be left changes nothing. */
function assertStepsLeft(edit: EditMode | undefined, steps: number): void {
  if (edit?.kind !== 'strength' || Math.floor(edit.strength * steps) >= 1) return;
  throw invalidRequest(
    `Expected options.strength of at least ${1 / steps} with ${steps} steps, received ${edit.strength}.`,
  );
}

function negativeOf(
  { options }: GenerateRequest,
  { generator }: GenerationParts,
  style: StyleWords,
) {
  if (generator.supports.includes('negativePrompt')) {
    const words = withWords(options.negativePrompt ?? '', style.negative);
    return words === '' ? {} : { negativePrompt: words };
  }
  if (options.negativePrompt !== undefined) throw cannot('options.negative_prompt', generator);
  return {};
}

/**
 * The engine's task for a request.
 * @throws ApiError `invalid_request` naming what the pack cannot do.
 */
export function planGeneration(
  request: GenerateRequest,
  parts: GenerationParts,
): GenerateOperation {
  const { generator, styles, upscalerId } = parts;
  const { options } = request;
  const style = styles[request.style];
  const edit = editModeOf(request, generator);
  const steps = chosen('options.steps', options.steps, generator.steps);
  assertStepsLeft(edit, steps);
  if (options.guidanceScale !== undefined && !generator.supports.includes('guidance')) {
    throw cannot('options.guidance_scale', generator);
  }
  return {
    operation: 'generate',
    prompt: withWords(request.prompt, edit === undefined ? style.words : style.editWords),
    ...negativeOf(request, parts, style),
    seed: request.seed,
    count: request.count,
    steps,
    guidanceScale: chosen('options.guidance_scale', options.guidanceScale, generator.guidanceScale),
    size: sizeOf(request.aspectRatio, generator.longestSidePx),
    ...(edit === undefined ? {} : { edit }),
    ...(upscalerId === undefined ? {} : { upscalerId }),
    format: options.format,
  };
}
