/** The last steps of every operation: mark what is of the sandbox, encode. No operation encodes by itself. */
import type { EngineFile, EngineTask, ImageFormat } from '../../engine/protocol.ts';
import { encodeGrey, encodePicture } from '../../imaging/codec.ts';
import type { Picture, Size } from '../../imaging/picture.ts';
import { watermark } from '../../imaging/watermark.ts';
import type { Steps } from './context.ts';

/** One plane: `data` is Uint8 [height, width]. */
export interface GreyPicture extends Size {
  readonly data: Uint8Array;
  readonly channels: 1;
}

/**
 * Write an operation's result beside the task's stem.
 * @param picture Given up by the caller: a watermark is drawn into it.
 */
export async function writeResult(
  { outputStem, isWatermarked }: EngineTask,
  steps: Steps,
  picture: Picture | GreyPicture,
  format: ImageFormat,
): Promise<EngineFile> {
  const { widthPx, heightPx } = picture;
  const path = `${outputStem}.${format}`;
  if (isWatermarked) await steps.run('watermark', () => watermark(picture));
  const file = await steps.run('encode', () =>
    picture.channels === 1
      ? encodeGrey(picture.data, picture, format, path)
      : encodePicture(picture, format, path),
  );
  return { path, format, ...file, widthPx, heightPx };
}
