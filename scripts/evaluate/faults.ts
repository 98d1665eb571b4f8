/** What goes wrong with photographs of dishes, done to good ones: each fault alone, then several at once. */
import type { Picture } from '../../src/imaging/picture.ts';
import { SeededNoise } from '../../src/inference/diffusion/noise.ts';

/** Makes a good photograph worse. */
export type Fault = (picture: Picture) => Picture;

const toLinear = (level: number): number => {
  const value = level / 255;
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
};
const toLevel = (linear: number): number => {
  const value = Math.min(1, Math.max(0, linear));
  return 255 * (value <= 0.0031308 ? 12.92 * value : 1.055 * value ** (1 / 2.4) - 0.055);
};

/** Each channel by itself. */
function each(change: (level: number, channel: number, index: number) => number): Fault {
  return (picture) => {
    const data = new Uint8ClampedArray(picture.data.length);
    for (const [i, level] of picture.data.entries()) data[i] = change(level, i % 3, i);
    return { ...picture, data: new Uint8Array(data.buffer) };
  };
}

/** Light in stops, and its colour as gains of red, green and blue. */
const lit = (stops: number, gains: readonly [number, number, number] = [1, 1, 1]): Fault =>
  each((level, channel) => toLevel(toLinear(level) * 2 ** stops * (gains[channel] as number)));

/** Linear light of a veil. */
const HAZE = [0.7, 0.72, 0.75] as const;

const hazy = (share: number): Fault =>
  each((level, channel) =>
    toLevel(toLinear(level) * (1 - share) + share * (HAZE[channel] as number)),
  );

const flat = (contrast: number): Fault => each((level) => 127.5 + (level - 127.5) * contrast);

function noisy(sigma: number): Fault {
  return (picture) => {
    const noise = new Float32Array(picture.data.length);
    new SeededNoise(5).fill(noise, 0, 1);
    return each((level, _, i) => level + sigma * (noise[i] as number))(picture);
  };
}

const TUNGSTEN = [1.45, 0.95, 0.45] as const;
const FLUORESCENT = [0.9, 1.15, 0.85] as const;
const SHADE = [0.8, 0.98, 1.3] as const;

const both =
  (...faults: readonly Fault[]): Fault =>
  (picture) =>
    faults.reduce((worse, fault) => fault(worse), picture);

/** Every fault by its name. */
export const FAULTS: Readonly<Record<string, Fault>> = {
  'one stop and a half too dark': lit(-1.5),
  'one stop too bright': lit(1),
  'tungsten light': lit(0, TUNGSTEN),
  'fluorescent light': lit(-0.3, FLUORESCENT),
  'blue shade': lit(-0.5, SHADE),
  haze: hazy(0.25),
  'low contrast': flat(0.6),
  'noise and two thirds of a stop too dark': both(lit(-0.66), noisy(9)),
  'tungsten light, one stop too dark': both(lit(-1, TUNGSTEN), noisy(5)),
  'fluorescent light, haze': both(lit(-0.3, FLUORESCENT), hazy(0.15)),
};
