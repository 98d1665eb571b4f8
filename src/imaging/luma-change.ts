/** Changes of brightness alone: what is added to luma is added to red, green and blue, so that no hue moves. */
import { byte, type Picture } from './picture.ts';

const toByte = (value: number): number => Math.min(255, Math.max(0, Math.round(value)));

/**
 * Add to the luma of a picture.
 * @param change Of each pixel in its order, 0..1 units of luma.
 * @returns A new picture; alpha is kept.
 */
export function addLuma(picture: Picture, change: (pixel: number) => number): Picture {
  const { channels, widthPx, heightPx } = picture;
  const data = Uint8Array.from(picture.data);
  for (let i = 0, to = 0; i < widthPx * heightPx; i += 1, to += channels) {
    const added = change(i) * 255;
    for (let channel = 0; channel < 3; channel += 1) {
      data[to + channel] = toByte(byte(data, to + channel) + added);
    }
  }
  return { data, widthPx, heightPx, channels };
}
