/**
 * Operation `measure`: what a preflight judges a picture by. Writes nothing. Everything is measured on the
 * picture reduced to one size, because sharpness depends on the size, and no platform shows more.
 */
import type { PictureFigures } from '../../engine/picture-figures.ts';
import type { EngineResult } from '../../engine/protocol.ts';
import { decodePicture, type SourceFile } from '../../imaging/codec.ts';
import { exposureOf } from '../../imaging/exposure.ts';
import { profileNameOf } from '../../imaging/icc-profile.ts';
import { lumaOf, type Picture, withoutAlpha } from '../../imaging/picture.ts';
import { reducePicture } from '../../imaging/reduce-picture.ts';
import { sharpnessOf } from '../../imaging/sharpness.ts';
import { subjectFrameOf } from '../../imaging/subject-frame.ts';
import { flattenOn } from '../../imaging/transparency.ts';
import { findForeground } from '../segmentation/find-foreground.ts';
import { type OperationContext, Steps } from './context.ts';

/** Longest side that is measured; smaller pictures are not enlarged. */
const LONG_SIDE_PX = 1024;
/** Transparent parts lie on white, as a menu shows them. */
const WHITE = [255, 255, 255] as const;

/** What pixels without a profile are in. */
const UNTAGGED: Readonly<Record<string, string>> = {
  srgb: 'sRGB',
  rgb: 'sRGB',
  rgb16: 'sRGB',
  cmyk: 'CMYK',
  'b-w': 'grey',
  grey16: 'grey',
};

function colourSpaceOf({ space, profile }: SourceFile): string {
  if (profile === undefined) return UNTAGGED[space] ?? space;
  const name = profileNameOf(profile) ?? 'a profile without a name';
  return /\bsRGB\b/i.test(name) ? 'sRGB' : name;
}

/** @param matte Float32 [h, w] of the picture's size; absent: nobody looked for the subject. */
function figuresOf(
  picture: Picture,
  matte: Float32Array | undefined,
): Omit<PictureFigures, 'format' | 'colourSpace'> {
  const luma = lumaOf(picture);
  const frame = matte && subjectFrameOf(matte, picture);
  const subjectLight = matte && exposureOf(luma, matte);
  const light = exposureOf(luma);
  if (light === undefined) throw new Error('The picture has no pixels.');
  const sharpness = sharpnessOf(luma, picture, matte);
  return {
    ...(sharpness === undefined ? {} : { sharpness }),
    light,
    isSubjectSought: matte !== undefined,
    ...(frame && subjectLight ? { subject: { ...frame, light: subjectLight } } : {}),
  };
}

/** Runs the operation. */
export async function measure(context: OperationContext): Promise<EngineResult> {
  const { task, limits } = context;
  const steps = new Steps(context);
  const { picture, source, file } = await steps.run('decode', async () => {
    const decoded = await decodePicture(task.sourcePath, limits);
    const opaque = decoded.isTransparent ? flattenOn(decoded, WHITE) : withoutAlpha(decoded);
    const { widthPx, heightPx } = decoded;
    return {
      picture: await reducePicture(opaque, LONG_SIDE_PX),
      source: { widthPx, heightPx },
      file: decoded.file,
    };
  });
  const matte = await steps.run('infer', () =>
    task.packId === undefined ? undefined : findForeground(context.pack(), picture),
  );
  const figures = await steps.run('measure', () => figuresOf(picture, matte?.alpha));
  return {
    source,
    files: [],
    figures: { format: file.format, colourSpace: colourSpaceOf(file), ...figures },
    timingsMs: steps.timingsMs,
  };
}
