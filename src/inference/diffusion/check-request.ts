/** Whether a pipeline can do what it is asked for, told before anything is computed. */
import type { Family } from './families/family.ts';
import { type GenerationRequest, UnsupportedRequest } from './generation.ts';
import type { Scheduler } from './schedulers/scheduler.ts';

/** What a pipeline can do. */
export interface Abilities {
  readonly family: Family;
  /** Sides are multiples of this, in pixels. */
  readonly sizeStep: number;
  readonly edits: Family['edits'];
}

function checkSource(
  { source, widthPx, heightPx }: GenerationRequest,
  edits: Family['edits'],
): void {
  if (source === undefined) return;
  const way = source.strength === undefined ? 'reference' : 'strength';
  if (!edits[way]) throw new UnsupportedRequest(`This pipeline takes no source picture by ${way}.`);
  const [, , height, width] = source.picture.dims;
  if (way === 'strength' && (height !== heightPx || width !== widthPx))
    throw new UnsupportedRequest(
      `Expected a source of ${widthPx}x${heightPx} pixels, received ${width}x${height}.`,
    );
}

/** @throws UnsupportedRequest naming what cannot be done */
export function checkRequest(request: GenerationRequest, abilities: Abilities): void {
  const { family, sizeStep, edits } = abilities;
  for (const size of [request.widthPx, request.heightPx])
    if (!Number.isInteger(size) || size < sizeStep || size % sizeStep !== 0)
      throw new UnsupportedRequest(`Expected sides in steps of ${sizeStep}, received ${size}.`);
  if (!Number.isInteger(request.pictures) || request.pictures < 1)
    throw new UnsupportedRequest(`Expected 1 or more pictures, received ${request.pictures}.`);
  for (const [name, value] of Object.entries(request.choices ?? {}))
    if (value !== undefined && !family.choices.some((known) => known === name))
      throw new UnsupportedRequest(`${family.name} has no ${name}.`);
  checkSource(request, edits);
}

/**
 * The first call of a run: 0, or later for image-to-image.
 * @throws UnsupportedRequest when the strength leaves no step
 */
export function startCall(
  { source, steps }: GenerationRequest,
  family: Family,
  scheduler: Scheduler,
): number {
  if (source?.strength === undefined) return 0;
  const step = family.startStep(steps, source.strength);
  if (step >= steps)
    throw new UnsupportedRequest(
      `Nothing is left to do at strength ${source.strength} of ${steps} steps.`,
    );
  return step * scheduler.order;
}
