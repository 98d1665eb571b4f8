/** What is asked of a cutout and told of it, in messages between the processes. */

/** sRGB bytes, the picture's own background out of focus, or another picture, which the task names. */
export type CutoutBackground =
  | readonly [red: number, green: number, blue: number]
  | 'blur'
  | 'picture';

/** Which part of a picture a cutout shows, and how large; see src/imaging/cutout-frame.ts. */
export interface CutoutFraming {
  readonly crop: boolean;
  /** Share of the subject's longer side, 0..0.5. */
  readonly margin: number;
  readonly align: 'center' | 'top' | 'bottom' | 'left' | 'right';
  readonly widthPx?: number | undefined;
  readonly heightPx?: number | undefined;
}

/** What was found in a picture. */
export interface FoundSubject {
  /** Share of the picture's pixels, 0..1. */
  readonly coverage: number;
  /** Bounding box in pixels of the upright source; absent: nothing was found. */
  readonly box?: {
    readonly left: number;
    readonly top: number;
    readonly widthPx: number;
    readonly heightPx: number;
  };
}
