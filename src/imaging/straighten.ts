/** Turns a picture by a small angle and cuts away what the turn leaves empty. */
import { byte, type Picture, type Size } from './picture.ts';

/**
 * Size of the largest rectangle of a picture's own ratio that lies wholly inside the picture turned by an angle: with
 * c and s the angle's cosine and sine and r the longer side over the shorter, the sides are divided by c + r s, which is
 * where the rectangle's far corners meet the nearer pair of sides.
 */
export function straightenedSize({ widthPx, heightPx }: Size, degrees: number): Size {
  const angle = (Math.abs(degrees) * Math.PI) / 180;
  const ratio = Math.max(widthPx, heightPx) / Math.min(widthPx, heightPx);
  const divisor = Math.cos(angle) + ratio * Math.sin(angle);
  const side = (px: number) => Math.max(1, Math.floor(px / divisor));
  return { widthPx: side(widthPx), heightPx: side(heightPx) };
}

/** Weights of four neighbours, Keys' cubic (1981) with a = -0.5, for a place between the second and the third. */
function cubicWeights(rest: number, weights: Float64Array): void {
  const [one, two, three] = [rest, rest * rest, rest * rest * rest];
  weights[0] = -0.5 * one + two - 0.5 * three;
  weights[1] = 1 - 2.5 * two + 1.5 * three;
  weights[2] = 0.5 * one + 2 * two - 1.5 * three;
  weights[3] = -0.5 * two + 0.5 * three;
}

const at = (values: Float64Array, index: number): number => values[index] as number;
const inside = (index: number, side: number): number => Math.min(side - 1, Math.max(0, index));
const toByte = (value: number): number => Math.min(255, Math.max(0, Math.round(value)));

/**
 * Turn a picture.
 * @param degrees Clockwise, small. Alpha is turned with the colours.
 * @returns A new picture of the same ratio, a little smaller.
 */
export function straighten(picture: Picture, degrees: number): Picture {
  const { widthPx, heightPx, channels, data } = picture;
  const size = straightenedSize(picture, degrees);
  const turned = new Uint8Array(size.widthPx * size.heightPx * channels);
  const angle = (degrees * Math.PI) / 180;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const [across, down] = [new Float64Array(4), new Float64Array(4)];
  for (let y = 0, to = 0; y < size.heightPx; y += 1) {
    for (let x = 0; x < size.widthPx; x += 1, to += channels) {
      const [dx, dy] = [x - (size.widthPx - 1) / 2, y - (size.heightPx - 1) / 2];
      const sourceX = cos * dx + sin * dy + (widthPx - 1) / 2;
      const sourceY = cos * dy - sin * dx + (heightPx - 1) / 2;
      const [left, top] = [Math.floor(sourceX), Math.floor(sourceY)];
      cubicWeights(sourceX - left, across);
      cubicWeights(sourceY - top, down);
      for (let channel = 0; channel < channels; channel += 1) {
        let sum = 0;
        for (let j = 0; j < 4; j += 1) {
          const row = inside(top + j - 1, heightPx) * widthPx;
          let rowSum = 0;
          for (let i = 0; i < 4; i += 1) {
            const from = (row + inside(left + i - 1, widthPx)) * channels + channel;
            rowSum += at(across, i) * byte(data, from);
          }
          sum += at(down, j) * rowSum;
        }
        turned[to + channel] = toByte(sum);
      }
    }
  }
  return { data: turned, ...size, channels };
}
