/** The last steps of every operation: mark what is of the sandbox, encode. No operation encodes by itself. */
import type { FileTerms } from '../../engine/enhancement-terms.ts';
import type { EngineFile, EngineTask, ImageFormat } from '../../engine/protocol.ts';
import { encodeGrey, encodePicture } from '../../imaging/codec.ts';
import type { Picture, Size } from '../../imaging/picture.ts';
import { resizeWithAlpha } from '../../imaging/reframe.ts';
import { watermark } from '../../imaging/watermark.ts';
import type { Steps } from './context.ts';

/** One plane: `data` is Uint8 [height, width]. */
export interface GreyPicture extends Size {
  readonly data: Uint8Array;
  readonly channels: 1;
}

/** Qualities that are tried one after the other until a file fits; the first is the codec's own. */
const QUALITIES = [undefined, 85, 78, 70, 60] as const;
/** What no quality brings under its bytes loses this share of its sides, again and again. */
const SMALLER = 0.8;

interface Fitted {
  readonly picture: Picture;
  readonly file: Awaited<ReturnType<typeof encodePicture>>;
}

/** Encode a picture so that its file has at most so many bytes. */
async function encodeWithin(
  picture: Picture,
  format: ImageFormat,
  path: string,
  { dotsPerInch, maxBytes = Number.POSITIVE_INFINITY }: FileTerms,
): Promise<Fitted> {
  for (let fitting = picture; ; ) {
    for (const quality of format === 'png' ? [undefined] : QUALITIES) {
      const file = await encodePicture(fitting, format, path, { quality, dotsPerInch });
      const isSmallest = Math.max(fitting.widthPx, fitting.heightPx) < 2;
      if (file.bytes <= maxBytes || isSmallest) return { picture: fitting, file };
    }
    fitting = resizeWithAlpha(fitting, {
      widthPx: Math.max(1, Math.round(fitting.widthPx * SMALLER)),
      heightPx: Math.max(1, Math.round(fitting.heightPx * SMALLER)),
    });
  }
}

/**
 * Write an operation's result beside the task's stem.
 * @param picture Given up by the caller: a watermark is drawn into it.
 * @param terms A plane of grey has none.
 */
export async function writeResult(
  { outputStem, isWatermarked }: Pick<EngineTask, 'outputStem' | 'isWatermarked'>,
  steps: Steps,
  picture: Picture | GreyPicture,
  format: ImageFormat,
  terms: FileTerms = {},
): Promise<EngineFile> {
  const path = `${outputStem}.${format}`;
  if (isWatermarked) await steps.run('watermark', () => watermark(picture));
  return steps.run('encode', async () => {
    if (picture.channels === 1) {
      const { widthPx, heightPx } = picture;
      return {
        path,
        format,
        ...(await encodeGrey(picture.data, picture, format, path)),
        widthPx,
        heightPx,
      };
    }
    const { picture: written, file } = await encodeWithin(picture, format, path, terms);
    return { path, format, ...file, widthPx: written.widthPx, heightPx: written.heightPx };
  });
}
