/** Measured pictures to judge, without an engine. */
import type { PictureFigures } from '../../src/engine/picture-figures.ts';
import type { MeasuredPicture } from '../../src/platforms/requirement-checks.ts';

export const LIGHT = { meanLuma: 0.5, lightLuma: 0.8, blackShare: 0, whiteShare: 0 };
export const SUBJECT = {
  areaShare: 0.4,
  box: { left: 0.2, top: 0.1, right: 0.8, bottom: 0.9 },
  touches: { left: 0, top: 0, right: 0, bottom: 0 },
  light: LIGHT,
};
export const FIGURES: PictureFigures = {
  format: 'jpeg',
  colourSpace: 'sRGB',
  sharpness: 30,
  light: LIGHT,
  isSubjectSought: true,
  subject: SUBJECT,
};

/** A good photograph of 1920 x 1080, but for what is said. */
export const photo = ({
  figures,
  ...changes
}: Partial<Omit<MeasuredPicture, 'figures'>> & {
  readonly figures?: Partial<PictureFigures>;
} = {}): MeasuredPicture => ({
  widthPx: 1920,
  heightPx: 1080,
  bytes: 800_000,
  ...changes,
  figures: { ...FIGURES, ...figures },
});
