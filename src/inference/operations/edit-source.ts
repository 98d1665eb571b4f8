/**
 * The picture that a generation starts from or edits, as the network takes it. To start from it, it is cut to
 * the ratio that is asked for; as a reference it keeps its own ratio, so that nothing of the dish is lost.
 */
import type { EditMode } from '../../engine/protocol.ts';
import { type DecodedPicture, decodePicture } from '../../imaging/codec.ts';
import { type Picture, type Size, withoutAlpha } from '../../imaging/picture.ts';
import { cropToRatio, resizePicture } from '../../imaging/reframe.ts';
import { flattenOn } from '../../imaging/transparency.ts';
import type { GenerationSource } from '../diffusion/generation.ts';
import { fromBytes } from '../diffusion/vae.ts';
import type { OperationContext } from './context.ts';
import { referenceSizeOf } from './run-size.ts';

/** What a network asks of its source. */
export interface SourceFit {
  readonly edit: EditMode;
  readonly runSize: Size;
  readonly nativeSizePx: number;
  readonly sizeStep: number;
}

/** A decoded source. */
export interface EditSource {
  /** Upright size of the file. */
  readonly size: Size;
  readonly source: GenerationSource;
}

/** Transparent parts lie on white, as a JPEG of the picture would have them. */
const WHITE = [255, 255, 255] as const;

const opaque = (picture: DecodedPicture): Picture =>
  picture.isTransparent ? flattenOn(picture, WHITE) : withoutAlpha(picture);

/** Read the task's source. @throws PictureError when it cannot be used. */
export async function readEditSource(
  { task, limits }: OperationContext,
  { edit, runSize, nativeSizePx, sizeStep }: SourceFit,
): Promise<EditSource> {
  const decoded = await decodePicture(task.sourcePath, limits);
  const { widthPx, heightPx } = decoded;
  const to = edit.kind === 'strength' ? runSize : referenceSizeOf(decoded, nativeSizePx, sizeStep);
  const picture = fromBytes(resizePicture(cropToRatio(opaque(decoded), to), to));
  const source = edit.kind === 'strength' ? { picture, strength: edit.strength } : { picture };
  return { size: { widthPx, heightPx }, source };
}
