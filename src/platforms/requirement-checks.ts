/** The checks that a profile has figures for: size, ratio, bytes, format, colours, share of the frame. */
import type { PictureFigures } from '../engine/picture-figures.ts';
import { checkField } from './field-check.ts';
import type { Check } from './judgement.ts';
import type { RequiredSize, Requirements, Sources } from './platform.ts';
import { cropTo, hasRatio, nearestRatio } from './ratio.ts';
import { fillOf, isFillMet } from './subject-fill.ts';

/** A picture that was measured. */
export interface MeasuredPicture {
  /** Upright size of the file. */
  readonly widthPx: number;
  readonly heightPx: number;
  readonly bytes: number;
  readonly figures: PictureFigures;
}

/** Beyond it even a large upscaling would have to invent the picture. */
const MAX_UPSCALE = 4;

/** `1400 x 800 pixels`; a side that is not named is left out. */
function sizeText({ width, height }: RequiredSize): string {
  if (height === null) return `${width} pixels in width`;
  return width === null ? `${height} pixels in height` : `${width} x ${height} pixels`;
}

const reaches = ({ widthPx, heightPx }: MeasuredPicture, { width, height }: RequiredSize) =>
  widthPx >= (width ?? 0) && heightPx >= (height ?? 0);

/** How many times a picture has to be enlarged to reach a size. */
const factorTo = ({ widthPx, heightPx }: MeasuredPicture, { width, height }: RequiredSize) =>
  Math.max((width ?? 0) / widthPx, (height ?? 0) / heightPx);

function enlargeText(picture: MeasuredPicture, size: RequiredSize): string {
  const factor = factorTo(picture, size);
  if (factor > MAX_UPSCALE) {
    return `Take the photograph again with a better camera or nearer: it needs ${sizeText(size)}.`;
  }
  const scale = factor > 2 ? 4 : 2;
  return `Send ${sizeText(size)} or more: the original of the camera, or this one enlarged by POST /api/upscale with scale ${scale}.`;
}

/** The size that asks for most of a picture. */
const largest = (picture: MeasuredPicture, sizes: readonly RequiredSize[]): RequiredSize =>
  sizes.reduce((a, b) => (factorTo(picture, b) > factorTo(picture, a) ? b : a));

/** The size that asks for least of a picture. */
const smallest = (picture: MeasuredPicture, sizes: readonly RequiredSize[]): RequiredSize =>
  sizes.reduce((a, b) => (factorTo(picture, b) < factorTo(picture, a) ? b : a));

/** Says how to crop, and whether that would cut the dish. */
function cropText(picture: MeasuredPicture, ratios: readonly string[]): string {
  const ratio = nearestRatio(picture, ratios);
  const crop = cropTo(picture, ratio);
  const advice = `Crop to ${ratio}, at most ${crop.widthPx} x ${crop.heightPx} of this picture`;
  const box = picture.figures.subject?.box;
  if (box === undefined) return `${advice}.`;
  const isTooWide = (box.right - box.left) * picture.widthPx > crop.widthPx;
  const isTooHigh = (box.bottom - box.top) * picture.heightPx > crop.heightPx;
  if (!isTooWide && !isTooHigh) return `${advice}; the dish fits in.`;
  const where = isTooWide ? 'to the left and right of' : 'above and below';
  return `${advice}. That would cut the dish: take the photograph again with more room ${where} it.`;
}

const orientationOf = ({ widthPx, heightPx }: MeasuredPicture): string => {
  if (widthPx === heightPx) return 'square';
  return widthPx > heightPx ? 'landscape' : 'portrait';
};

const percent = (share: number): string => `${Math.round(share * 100)} %`;

function sizeChecks(asked: Requirements, sources: Sources, picture: MeasuredPicture): Check[] {
  const measured = `${picture.widthPx} x ${picture.heightPx} pixels`;
  return [
    checkField(sources, {
      check: 'minimum_size',
      field: asked.minimumSize,
      measured,
      isMet: (size) => reaches(picture, size),
      words: (size) => `at least ${sizeText(size)}`,
      fix: (sizes) => enlargeText(picture, largest(picture, sizes)),
    }),
    checkField(sources, {
      check: 'recommended_size',
      field: asked.recommendedSize,
      measured,
      isMet: (sizes) => sizes.some((size) => reaches(picture, size)),
      words: (sizes) => sizes.map(sizeText).join(' or '),
      fix: (sizes) =>
        enlargeText(
          picture,
          largest(
            picture,
            sizes.map((any) => smallest(picture, any)),
          ),
        ),
    }),
    checkField(sources, {
      check: 'maximum_size',
      field: asked.maximumSize,
      measured,
      isMet: ({ width, height }) =>
        picture.widthPx <= (width ?? Infinity) && picture.heightPx <= (height ?? Infinity),
      words: (size) => `at most ${sizeText(size)}`,
      fix: (sizes) => `Reduce it to at most ${sizeText(smallest(picture, sizes))}.`,
    }),
    checkField(sources, {
      check: 'ratio',
      field: asked.ratio,
      measured: `${(picture.widthPx / picture.heightPx).toFixed(2)}:1`,
      isMet: (ratios) => ratios.some((ratio) => hasRatio(picture, ratio)),
      words: (ratios) => ratios.map((ratio) => ratio.replace('..', ' to ')).join(' or '),
      fix: (unmet) => cropText(picture, unmet.flat()),
    }),
    checkField(sources, {
      check: 'orientation',
      field: asked.orientation,
      measured: orientationOf(picture),
      isMet: (orientation) => orientationOf(picture) === orientation,
      words: (orientation) => orientation,
      fix: ([orientation]) => `Take or crop the photograph in ${orientation}.`,
    }),
  ];
}

function fileChecks(asked: Requirements, sources: Sources, picture: MeasuredPicture): Check[] {
  const measured = `${picture.bytes} bytes`;
  const { format, colourSpace } = picture.figures;
  return [
    checkField(sources, {
      check: 'minimum_bytes',
      field: asked.minimumBytes,
      measured,
      isMet: (bytes) => picture.bytes >= bytes,
      words: (bytes) => `at least ${bytes} bytes`,
      fix: () => 'Save it with more pixels or at a higher quality.',
    }),
    checkField(sources, {
      check: 'maximum_bytes',
      field: asked.maximumBytes,
      measured,
      isMet: (bytes) => picture.bytes <= bytes,
      words: (bytes) => `at most ${bytes} bytes`,
      fix: (limits) =>
        `Save it as a JPEG of at most ${Math.min(...limits)} bytes: at a lower quality or with fewer pixels.`,
    }),
    checkField(sources, {
      check: 'format',
      field: asked.formats,
      measured: format,
      isMet: (formats) => formats.some((name) => name === format),
      words: (formats) => formats.join(' or '),
      fix: (unmet) => {
        const all = unmet.flat();
        const common = all.find((name) => unmet.every((formats) => formats.includes(name)));
        return `Save it as ${(common ?? all[0] ?? 'jpeg').toUpperCase()}.`;
      },
    }),
    checkField(sources, {
      check: 'colour_space',
      field: asked.colourSpace,
      measured: colourSpace,
      isMet: (space) => space === colourSpace,
      words: (space) => space,
      fix: ([space]) => `Convert the colours to ${space} when you save it.`,
    }),
  ];
}

/** The checks, in the order in which they are told. */
export function requirementChecks(
  asked: Requirements,
  sources: Sources,
  picture: MeasuredPicture,
): readonly Check[] {
  const fill = fillOf(picture.figures);
  return [
    ...sizeChecks(asked, sources, picture),
    ...fileChecks(asked, sources, picture),
    checkField(sources, {
      check: 'subject_fill',
      field: asked.subjectShare,
      measured:
        fill && `${percent(fill.area)} of the frame; the box around it ${percent(fill.box)}`,
      isMet: (range) => fill === null || isFillMet(fill, range),
      words: ({ least, most }) => `${percent(least)} to ${percent(most)} of the frame`,
      fix: ([range]) =>
        fill !== null && range !== undefined && fill.area > range.most
          ? 'Leave a little more room around the dish.'
          : 'Go nearer to the dish, or crop closer around it.',
    }),
  ];
}
