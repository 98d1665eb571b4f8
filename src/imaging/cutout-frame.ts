/** Which part of a picture a cutout shows, and how large: crop to the subject, margin, size, alignment. */
import { byte, type Picture, type Size } from './picture.ts';
import { channelOf, resizePlane } from './resize.ts';

/** Where the subject lies when the result has more room than it needs. */
export type Alignment = 'center' | 'top' | 'bottom' | 'left' | 'right';

/** What is asked for. */
export interface Framing {
  /** Whether the frame is the subject's bounding box; else the whole picture. */
  readonly crop: boolean;
  /** Room on each side of the cropped box, as a share of its longer side. */
  readonly margin: number;
  readonly align: Alignment;
  /** Size of the result; with one of them the other follows the frame's ratio. */
  readonly widthPx?: number | undefined;
  readonly heightPx?: number | undefined;
}

/** A part of a picture in its pixels; it may reach beyond the picture. */
export interface Window extends Size {
  readonly left: number;
  readonly top: number;
}

/** A part, and the size that it is brought to. */
export interface CutoutFrame {
  readonly window: Window;
  readonly result: Size;
}

function grown({ left, top, widthPx, heightPx }: Window, margin: number): Window {
  const by = Math.round(margin * Math.max(widthPx, heightPx));
  return {
    left: left - by,
    top: top - by,
    widthPx: widthPx + 2 * by,
    heightPx: heightPx + 2 * by,
  };
}

/** Share of the spare room that lies before the subject, across and down. */
const BEFORE: Readonly<Record<Alignment, readonly [number, number]>> = {
  center: [0.5, 0.5],
  left: [0, 0.5],
  right: [1, 0.5],
  top: [0.5, 0],
  bottom: [0.5, 1],
};

/** Widen a window to the ratio of a size; nothing of it is lost. */
function fitted(window: Window, to: Size, align: Alignment): Window {
  const scale = Math.min(to.widthPx / window.widthPx, to.heightPx / window.heightPx);
  const widthPx = Math.max(window.widthPx, Math.round(to.widthPx / scale));
  const heightPx = Math.max(window.heightPx, Math.round(to.heightPx / scale));
  const [across, down] = BEFORE[align];
  return {
    left: window.left - Math.round((widthPx - window.widthPx) * across),
    top: window.top - Math.round((heightPx - window.heightPx) * down),
    ...{ widthPx, heightPx },
  };
}

/**
 * The frame of a cutout.
 * @param subject bounding box of what was found; undefined: nothing was, and the frame is the whole picture.
 */
export function frameCutout(
  picture: Size,
  subject: Window | undefined,
  { crop, margin, align, widthPx, heightPx }: Framing,
): CutoutFrame {
  const whole = { left: 0, top: 0, widthPx: picture.widthPx, heightPx: picture.heightPx };
  const window = crop && subject !== undefined ? grown(subject, margin) : whole;
  if (widthPx === undefined && heightPx === undefined) {
    return { window, result: { widthPx: window.widthPx, heightPx: window.heightPx } };
  }
  const scale =
    widthPx === undefined ? (heightPx as number) / window.heightPx : widthPx / window.widthPx;
  const result = {
    widthPx: widthPx ?? Math.max(1, Math.round(window.widthPx * scale)),
    heightPx: heightPx ?? Math.max(1, Math.round(window.heightPx * scale)),
  };
  return { window: fitted(window, result, align), result };
}

const isSame = (a: Size, b: Size): boolean => a.widthPx === b.widthPx && a.heightPx === b.heightPx;

/** Cut a window out of interleaved bytes; what lies outside is 0. */
function cutWindow(
  data: Uint8Array,
  { widthPx, heightPx }: Size,
  window: Window,
  channels: number,
): Uint8Array {
  const part = new Uint8Array(window.widthPx * window.heightPx * channels);
  const first = Math.max(0, window.left);
  const last = Math.min(widthPx, window.left + window.widthPx);
  const firstRow = Math.max(0, window.top);
  const lastRow = Math.min(heightPx, window.top + window.heightPx);
  for (let y = firstRow; y < lastRow; y += 1) {
    const to = ((y - window.top) * window.widthPx + first - window.left) * channels;
    const from = (y * widthPx + first) * channels;
    part.set(data.subarray(from, from + Math.max(0, last - first) * channels), to);
  }
  return part;
}

const toByte = (value: number): number => Math.min(255, Math.max(0, Math.round(value)));

/** A plane brought into a frame. @param plane Uint8 [h, w]; outside of it is 0. */
export function framePlane(
  plane: Uint8Array,
  size: Size,
  { window, result }: CutoutFrame,
): Uint8Array {
  const part = cutWindow(plane, size, window, 1);
  if (isSame(window, result)) return part;
  return Uint8Array.from(resizePlane(part, window, result, 'lanczos'), toByte);
}

/**
 * A cutout brought into a frame: transparent outside of the picture. Colours are resized weighted by their alpha, so
 * that what lies under transparent pixels does not bleed into the edge.
 * @param cutout of four channels.
 */
export function frameCutoutPicture(cutout: Picture, { window, result }: CutoutFrame): Picture {
  const data = cutWindow(cutout.data, cutout, window, 4);
  const part: Picture = { ...cutout, ...sizeOf(window), data };
  if (isSame(window, result)) return part;
  const alpha = resizePlane(channelOf(part, 3), part, result, 'lanczos');
  const framed = new Uint8Array(result.widthPx * result.heightPx * 4);
  for (let i = 0; i < alpha.length; i += 1) framed[i * 4 + 3] = toByte(alpha[i] as number);
  for (let channel = 0; channel < 3; channel += 1) {
    const weighted = Float32Array.from(
      { length: window.widthPx * window.heightPx },
      (_, i) => (byte(data, i * 4 + channel) * byte(data, i * 4 + 3)) / 255,
    );
    const sums = resizePlane(weighted, part, result, 'lanczos');
    for (let i = 0; i < alpha.length; i += 1) {
      if (byte(framed, i * 4 + 3) === 0) continue;
      framed[i * 4 + channel] = toByte(((sums[i] as number) * 255) / (alpha[i] as number));
    }
  }
  return { data: framed, ...sizeOf(result), channels: 4 };
}

const sizeOf = ({ widthPx, heightPx }: Size): Size => ({ widthPx, heightPx });
