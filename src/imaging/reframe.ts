/** Cuts a picture to another ratio and brings it to another size, by our own resampler. */
import type { Window } from './cutout-frame.ts';
import { alphaOf, type Picture, type Size, withAlpha } from './picture.ts';
import { channelOf, resizePlane } from './resize.ts';

/** The largest centred part of a picture that has the ratio of a size, to the nearest pixel. */
export function cropToRatio(picture: Picture, { widthPx, heightPx }: Size): Picture {
  const scale = Math.min(picture.widthPx / widthPx, picture.heightPx / heightPx);
  const width = Math.max(1, Math.min(picture.widthPx, Math.round(widthPx * scale)));
  const height = Math.max(1, Math.min(picture.heightPx, Math.round(heightPx * scale)));
  if (width === picture.widthPx && height === picture.heightPx) return picture;
  return cropTo(picture, {
    left: Math.floor((picture.widthPx - width) / 2),
    top: Math.floor((picture.heightPx - height) / 2),
    widthPx: width,
    heightPx: height,
  });
}

/** A part of a picture. @param window wholly inside. */
export function cropTo(picture: Picture, { left, top, widthPx, heightPx }: Window): Picture {
  const { channels, data } = picture;
  const cropped = new Uint8Array(widthPx * heightPx * channels);
  for (let row = 0; row < heightPx; row += 1) {
    const from = ((top + row) * picture.widthPx + left) * channels;
    cropped.set(data.subarray(from, from + widthPx * channels), row * widthPx * channels);
  }
  return { data: cropped, widthPx, heightPx, channels };
}

/**
 * A picture stretched to a size with Lanczos' kernel, widened when shrinking.
 * @param picture opaque: alpha is dropped.
 */
export function resizePicture(picture: Picture, to: Size): Picture {
  if (
    picture.channels === 3 &&
    picture.widthPx === to.widthPx &&
    picture.heightPx === to.heightPx
  ) {
    return picture;
  }
  const resized = new Uint8ClampedArray(to.widthPx * to.heightPx * 3); // rounds and clamps
  for (let channel = 0; channel < 3; channel += 1) {
    const values = resizePlane(channelOf(picture, channel), picture, to, 'lanczos');
    for (let i = 0; i < values.length; i += 1) resized[i * 3 + channel] = values[i] as number;
  }
  return { data: new Uint8Array(resized.buffer), ...sizeOf(to), channels: 3 };
}

const sizeOf = ({ widthPx, heightPx }: Size): Size => ({ widthPx, heightPx });

/** A picture stretched to a size, with its alpha where it has one. */
export function resizeWithAlpha(picture: Picture, to: Size): Picture {
  const colours = resizePicture(picture, to);
  if (picture.channels === 3) return colours;
  const plane = resizePlane(alphaOf(picture), picture, to, 'lanczos');
  return withAlpha(colours, Uint8Array.from(new Uint8ClampedArray(plane)));
}
