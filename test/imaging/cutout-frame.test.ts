/** Frames of cutouts: which part, in which size, and what happens to colours at a soft edge. */
import { describe, expect, it, vi } from 'vitest';
import {
  type Framing,
  frameCutout,
  frameCutoutPicture,
  framePlane,
} from '../../src/imaging/cutout-frame.ts';
import type { Picture } from '../../src/imaging/picture.ts';

const PICTURE = { widthPx: 100, heightPx: 80 };
const SUBJECT = { left: 20, top: 30, widthPx: 40, heightPx: 20 };
const framing = (change: Partial<Framing>): Framing => ({
  ...{ crop: false, margin: 0, align: 'center' },
  ...change,
});
const frame = (change: Partial<Framing>, subject: typeof SUBJECT | undefined = SUBJECT) =>
  frameCutout(PICTURE, subject, framing(change));

describe('a frame', () => {
  it('is the whole picture unless something is asked for', () => {
    expect(frame({})).toEqual({ window: { left: 0, top: 0, ...PICTURE }, result: PICTURE });
  });

  it('is the subject with its margin, which may reach beyond the picture', () => {
    expect(frame({ crop: true }).window).toEqual(SUBJECT);
    expect(frame({ crop: true, margin: 0.5 })).toEqual({
      window: { left: 0, top: 10, widthPx: 80, heightPx: 60 },
      result: { widthPx: 80, heightPx: 60 },
    });
  });

  it('is the whole picture where nothing was found', () => {
    expect(frameCutout(PICTURE, undefined, framing({ crop: true, margin: 0.5 })).window).toEqual({
      ...{ left: 0, top: 0 },
      ...PICTURE,
    });
  });

  it('follows its own ratio where one side is given', () => {
    expect(frame({ crop: true, widthPx: 80 }).result).toEqual({ widthPx: 80, heightPx: 40 });
    expect(frame({ heightPx: 40 }).result).toEqual({ widthPx: 50, heightPx: 40 });
  });

  it.each([
    ['center', 20, 20],
    ['top', 20, 30],
    ['bottom', 20, 10],
    ['left', 20, 20],
  ] as const)('of another ratio has the subject at %s, whole', (align, left, top) => {
    const square = frame({ crop: true, align, widthPx: 160, heightPx: 160 });
    expect(square).toEqual({
      window: { left, top, widthPx: 40, heightPx: 40 },
      result: { widthPx: 160, heightPx: 160 },
    });
  });
});

/** Opaque red in the middle, transparent green around it, which nobody may see. */
function redSquare(): Picture {
  const data = new Uint8Array(100 * 80 * 4);
  for (let y = 0; y < 80; y += 1) {
    for (let x = 0; x < 100; x += 1) {
      const isInside = x >= 20 && x < 60 && y >= 30 && y < 50;
      data.set(isInside ? [200, 10, 10, 255] : [0, 255, 0, 0], (y * 100 + x) * 4);
    }
  }
  return { data, ...PICTURE, channels: 4 };
}

/** Elements of the largest typed array that a function makes. */
function largestArrayDuring(run: () => unknown): number {
  let largest = 0;
  const watch = (kind: Uint8ArrayConstructor | Float32ArrayConstructor) =>
    new Proxy(kind, {
      construct(target, args, self) {
        const made = Reflect.construct(target, args, self) as Uint8Array | Float32Array;
        largest = Math.max(largest, made.length);
        return made;
      },
    });
  vi.stubGlobal('Uint8Array', watch(Uint8Array));
  vi.stubGlobal('Float32Array', watch(Float32Array));
  try {
    run();
  } finally {
    vi.unstubAllGlobals();
  }
  return largest;
}

describe('a framed cutout', () => {
  it('keeps its pixels where nothing is resized', () => {
    const picture = redSquare();
    expect(frameCutoutPicture(picture, frame({})).data).toEqual(picture.data);
    const { data, widthPx, heightPx } = frameCutoutPicture(picture, frame({ crop: true }));
    expect([widthPx, heightPx]).toEqual([40, 20]);
    for (let i = 0; i < data.length; i += 4)
      expect([...data.subarray(i, i + 4)]).toEqual([200, 10, 10, 255]);
  });

  it('is transparent outside of the picture', () => {
    const far = { left: -10, top: -10, widthPx: 30, heightPx: 30 };
    const { data } = frameCutoutPicture(redSquare(), { window: far, result: far });
    expect(data.every((value, i) => i % 4 !== 3 || value === 0)).toBe(true);
    expect([...data.subarray(0, 4)]).toEqual([0, 0, 0, 0]);
  });

  it.each([
    ['across', { widthPx: 8192, heightPx: 16, align: 'center' }, [4086, 0, 20, 16]],
    ['down', { widthPx: 16, heightPx: 8192, align: 'center' }, [0, 4090, 16, 12]],
    ['down, at its end', { widthPx: 16, heightPx: 8192, align: 'bottom' }, [0, 8179, 16, 13]],
  ] as const)("of a ratio far from the picture's costs no more for it: %s", (_, change, place) => {
    // The window has 3 and 5 million pixels here, 8,000 million for a photograph of 12 megapixels.
    const opaque: Picture = { ...redSquare(), data: new Uint8Array(100 * 80 * 4).fill(255) };
    const wanted = frame(change);
    expect(wanted.window.widthPx * wanted.window.heightPx).toBeGreaterThan(3e6);
    const largest = largestArrayDuring(() => frameCutoutPicture(opaque, wanted));
    expect(largest).toBeLessThanOrEqual(8192 * 16 * 4);
    const { data } = frameCutoutPicture(opaque, wanted);
    const [left, top, width, height] = place;
    const mask = framePlane(new Uint8Array(100 * 80).fill(255), PICTURE, wanted);
    for (let i = 0; i < mask.length; i += 1) {
      const x = (i % change.widthPx) - left;
      const y = Math.floor(i / change.widthPx) - top;
      const isSeen = x >= 0 && x < width && y >= 0 && y < height;
      if (mask[i] !== (isSeen ? 255 : 0) || data[i * 4 + 3] !== mask[i])
        expect.fail(`${x + left},${y + top}: ${mask[i]}, ${data[i * 4 + 3]}`);
    }
  });

  it.each([0.37, 2.6])(
    'has no colour of transparent pixels in its edge, %f times as large',
    (by) => {
      const widthPx = Math.round(100 * by);
      const { data } = frameCutoutPicture(redSquare(), frame({ widthPx }));
      let seen = 0;
      for (let i = 0; i < data.length; i += 4) {
        if ((data[i + 3] as number) < 8) continue;
        seen += 1;
        expect(data[i + 1]).toBeLessThanOrEqual(12);
        expect(Math.abs((data[i] as number) - 200)).toBeLessThanOrEqual(6);
      }
      expect(seen).toBeGreaterThan(50);
    },
  );
});

it('a plane is cut and resized like the cutout', () => {
  const plane = new Uint8Array(100 * 80);
  for (let y = 30; y < 50; y += 1) plane.fill(255, y * 100 + 20, y * 100 + 60);
  expect(framePlane(plane, PICTURE, frame({ crop: true })).every((value) => value === 255)).toBe(
    true,
  );
  const half = framePlane(plane, PICTURE, frame({ widthPx: 50 }));
  expect(half.length).toBe(50 * 40);
  expect([half[0], half[20 * 50 + 20]]).toEqual([0, 255]);
});
