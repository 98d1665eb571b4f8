/** What an engine finds when it measures a picture; part of the protocol. */

/** Light of a picture or of its subject: luma and shares of the pixels, all 0..1. */
export interface LightFigures {
  readonly meanLuma: number;
  /** Luma that a tenth of the pixels exceed. */
  readonly lightLuma: number;
  readonly blackShare: number;
  readonly whiteShare: number;
}

/** A number for each side of the frame. */
export interface SideFigures {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** What `measure` finds in a picture; everything but the format at one size, so that figures compare. */
export interface PictureFigures {
  readonly format: 'jpeg' | 'png' | 'webp' | 'avif' | 'tiff' | 'gif';
  /** `sRGB`, or the name of another space or profile. */
  readonly colourSpace: string;
  /** Detail in levels of 255; absent in a picture too small to tell. */
  readonly sharpness?: number;
  readonly light: LightFigures;
  /** Whether a pack looked for the subject. */
  readonly isSubjectSought: boolean;
  /** In shares of the frame; absent when nothing was found or nobody looked. */
  readonly subject?: {
    readonly areaShare: number;
    readonly box: SideFigures;
    /** How much of each side of the frame it lies on. */
    readonly touches: SideFigures;
    readonly light: LightFigures;
  };
}
