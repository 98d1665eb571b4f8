/**
 * CIEDE2000, the difference of two colours as people see it (Sharma, Wu and Dalal, "The CIEDE2000 Color-Difference
 * Formula: Implementation Notes", 2005; names are theirs): about 1 is just seen side by side.
 */

/** CIELAB of D65. */
export type Lab = readonly [lightness: number, a: number, b: number];

/** Linear light of each sRGB level (IEC 61966-2-1). */
const LINEAR = Float64Array.from({ length: 256 }, (_, level) => {
  const value = level / 255;
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
});
const WHITE = [0.95047, 1, 1.08883] as const;

const linear = (level: number): number => LINEAR[level] as number;
const compressed = (t: number): number =>
  t > 216 / 24389 ? Math.cbrt(t) : (t * 24389) / 27 / 116 + 16 / 116;

/** sRGB levels, 0..255, to CIELAB. */
export function labOf(red: number, green: number, blue: number): Lab {
  const [r, g, b] = [linear(red), linear(green), linear(blue)];
  const x = compressed((0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / WHITE[0]);
  const y = compressed((0.2126729 * r + 0.7151522 * g + 0.072175 * b) / WHITE[1]);
  const z = compressed((0.0193339 * r + 0.119192 * g + 0.9503041 * b) / WHITE[2]);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

const DEGREE = Math.PI / 180;
const POWER_25 = 25 ** 7;
const cosine = (degrees: number): number => Math.cos(degrees * DEGREE);

/** Hue in degrees, 0..360; 0 where there is none. */
function hueOf(a: number, b: number): number {
  if (a === 0 && b === 0) return 0;
  const hue = Math.atan2(b, a) / DEGREE;
  return hue < 0 ? hue + 360 : hue;
}

/** Hue from the first to the second, -180..180. */
function hueStep(h1: number, h2: number, isGrey: boolean): number {
  if (isGrey) return 0;
  const step = h2 - h1;
  if (step > 180) return step - 360;
  return step < -180 ? step + 360 : step;
}

function meanHue(h1: number, h2: number, isGrey: boolean): number {
  if (isGrey) return h1 + h2;
  if (Math.abs(h1 - h2) <= 180) return (h1 + h2) / 2;
  return h1 + h2 < 360 ? (h1 + h2 + 360) / 2 : (h1 + h2 - 360) / 2;
}

/** How much chroma grows near the greys, by the mean chroma of both. */
const growth = (chroma: number): number =>
  1.5 - 0.5 * Math.sqrt(chroma ** 7 / (chroma ** 7 + POWER_25));

/** The difference of two colours. */
export function colourDifference([L1, a1, b1]: Lab, [L2, a2, b2]: Lab): number {
  const grown = growth((Math.hypot(a1, b1) + Math.hypot(a2, b2)) / 2);
  const [C1, C2] = [Math.hypot(grown * a1, b1), Math.hypot(grown * a2, b2)];
  const [h1, h2] = [hueOf(grown * a1, b1), hueOf(grown * a2, b2)];
  const isGrey = C1 * C2 === 0;
  const dH = 2 * Math.sqrt(C1 * C2) * Math.sin((hueStep(h1, h2, isGrey) * DEGREE) / 2);
  const [L, C, h] = [(L1 + L2) / 2, (C1 + C2) / 2, meanHue(h1, h2, isGrey)];
  const T =
    1 -
    0.17 * cosine(h - 30) +
    0.24 * cosine(2 * h) +
    0.32 * cosine(3 * h + 6) -
    0.2 * cosine(4 * h - 63);
  const S_L = 1 + (0.015 * (L - 50) ** 2) / Math.sqrt(20 + (L - 50) ** 2);
  const [S_C, S_H] = [1 + 0.045 * C, 1 + 0.015 * C * T];
  const rotation = 30 * Math.exp(-(((h - 275) / 25) ** 2));
  const R_T = -Math.sin(2 * rotation * DEGREE) * 2 * Math.sqrt(C ** 7 / (C ** 7 + POWER_25));
  const [l, c, m] = [(L2 - L1) / S_L, (C2 - C1) / S_C, dH / S_H];
  return Math.sqrt(l * l + c * c + m * m + R_T * c * m);
}
