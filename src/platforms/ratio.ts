/** Ratios of width to height as the profiles write them, and the crop that reaches one. */

/**
 * How far a ratio may be off: 2 %. Sizes in whole pixels miss a ratio by a little (1366 x 768 is no exact
 * 16:9), and a crop by this much takes one pixel in a hundred at each side, which nobody sees.
 */
const TOLERANCE = 0.02;

/** A picture's size. */
interface Size {
  readonly widthPx: number;
  readonly heightPx: number;
}

const quotientOf = (text: string): number => {
  const [width = Number.NaN, height = Number.NaN] = text.split(':').map(Number);
  return width / height;
};

/** `4:5..1.91:1` → 0.8 to 1.91; `16:9` → from and to the same. */
export function boundsOf(text: string): { readonly least: number; readonly most: number } {
  const [from = '', to = from] = text.split('..');
  return { least: quotientOf(from), most: quotientOf(to) };
}

/** Whether a size has a ratio, or lies in a range of ratios. */
export function hasRatio({ widthPx, heightPx }: Size, text: string): boolean {
  const { least, most } = boundsOf(text);
  const ratio = widthPx / heightPx;
  return ratio >= least * (1 - TOLERANCE) && ratio <= most * (1 + TOLERANCE);
}

/** The largest part of a picture that has a ratio, or the end of a range that is nearer. */
export function cropTo({ widthPx, heightPx }: Size, text: string): Size {
  const { least, most } = boundsOf(text);
  const ratio = Math.min(most, Math.max(least, widthPx / heightPx));
  return widthPx / heightPx > ratio
    ? { widthPx: Math.round(heightPx * ratio), heightPx }
    : { widthPx, heightPx: Math.round(widthPx / ratio) };
}

/** The ratio that takes the least away from a picture. */
export function nearestRatio(size: Size, texts: readonly string[]): string {
  const area = (text: string) => {
    const { widthPx, heightPx } = cropTo(size, text);
    return widthPx * heightPx;
  };
  return texts.reduce((best, text) => (area(text) > area(best) ? text : best));
}
