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

/** Along one axis: what of a window lies in the picture, and where it goes in the result. */
interface Span {
  readonly from: number;
  readonly length: number;
  readonly to: number;
  readonly count: number;
}

/** @returns undefined where the window lies beside the picture. */
function spanOf(side: number, start: number, length: number, result: number): Span | undefined {
  const from = Math.max(0, start);
  const end = Math.min(side, start + length);
  if (end <= from) return undefined;
  const placed = (at: number): number => Math.round(((at - start) / length) * result);
  const to = Math.min(result - 1, placed(from));
  return { from, length: end - from, to, count: Math.max(1, placed(end) - to) };
}

/** What of a frame lies in the picture: a narrow result may have a window of a thousand times its pixels. */
function seenOf(picture: Size, { window, result }: CutoutFrame) {
  const across = spanOf(picture.widthPx, window.left, window.widthPx, result.widthPx);
  const down = spanOf(picture.heightPx, window.top, window.heightPx, result.heightPx);
  if (across === undefined || down === undefined) return undefined;
  return {
    ...{ across, down },
    part: { widthPx: across.length, heightPx: down.length },
    place: { widthPx: across.count, heightPx: down.count },
  };
}

type Seen = NonNullable<ReturnType<typeof seenOf>>;

/** Cut what is seen out of interleaved bytes. */
function cutPart(
  data: Uint8Array,
  { widthPx }: Size,
  { across, down }: Seen,
  channels: number,
): Uint8Array {
  const part = new Uint8Array(across.length * down.length * channels);
  const bytes = across.length * channels;
  for (let y = 0; y < down.length; y += 1) {
    const from = ((down.from + y) * widthPx + across.from) * channels;
    part.set(data.subarray(from, from + bytes), y * bytes);
  }
  return part;
}

/** Lay interleaved bytes of what is seen at their place; the rest of the result is 0. */
function placed(
  part: Uint8Array,
  { across, down }: Seen,
  { widthPx, heightPx }: Size,
  channels: number,
): Uint8Array {
  const data = new Uint8Array(widthPx * heightPx * channels);
  const bytes = across.count * channels;
  for (let y = 0; y < down.count; y += 1) {
    const to = ((down.to + y) * widthPx + across.to) * channels;
    data.set(part.subarray(y * bytes, (y + 1) * bytes), to);
  }
  return data;
}

const toByte = (value: number): number => Math.min(255, Math.max(0, Math.round(value)));

/** A plane brought into a frame. @param plane Uint8 [h, w]; outside of it is 0. */
export function framePlane(plane: Uint8Array, size: Size, frame: CutoutFrame): Uint8Array {
  const { result } = frame;
  const seen = seenOf(size, frame);
  if (seen === undefined) return new Uint8Array(result.widthPx * result.heightPx);
  const part = cutPart(plane, size, seen, 1);
  const isResized = !isSame(seen.part, seen.place);
  const sized = isResized
    ? Uint8Array.from(resizePlane(part, seen.part, seen.place, 'lanczos'), toByte)
    : part;
  return placed(sized, seen, result, 1);
}

/** Resize interleaved bytes of four channels, colours weighted by alpha. */
function resizeWeighted(data: Uint8Array, from: Size, to: Size): Uint8Array {
  const part: Picture = { data, ...from, channels: 4 };
  const alpha = resizePlane(channelOf(part, 3), from, to, 'lanczos');
  const sized = new Uint8Array(to.widthPx * to.heightPx * 4);
  for (let i = 0; i < alpha.length; i += 1) sized[i * 4 + 3] = toByte(alpha[i] as number);
  for (let channel = 0; channel < 3; channel += 1) {
    const weighted = Float32Array.from(
      { length: from.widthPx * from.heightPx },
      (_, i) => (byte(data, i * 4 + channel) * byte(data, i * 4 + 3)) / 255,
    );
    const sums = resizePlane(weighted, from, to, 'lanczos');
    for (let i = 0; i < alpha.length; i += 1) {
      if (byte(sized, i * 4 + 3) === 0) continue;
      sized[i * 4 + channel] = toByte(((sums[i] as number) * 255) / (alpha[i] as number));
    }
  }
  return sized;
}

/**
 * A cutout brought into a frame: transparent outside of the picture. Colours are resized weighted by their alpha, so
 * that what lies under transparent pixels does not bleed into the edge. Costs what the picture and the result have in
 * pixels, however far the window reaches beyond the picture.
 * @param cutout of four channels.
 */
export function frameCutoutPicture(cutout: Picture, frame: CutoutFrame): Picture {
  const { widthPx, heightPx } = frame.result;
  const seen = seenOf(cutout, frame);
  if (seen === undefined)
    return { data: new Uint8Array(widthPx * heightPx * 4), widthPx, heightPx, channels: 4 };
  const part = cutPart(cutout.data, cutout, seen, 4);
  const isResized = !isSame(seen.part, seen.place);
  const sized = isResized ? resizeWeighted(part, seen.part, seen.place) : part;
  return { data: placed(sized, seen, frame.result, 4), widthPx, heightPx, channels: 4 };
}
