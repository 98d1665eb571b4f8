/** What is asked of an enhancement and told of it, in messages between the processes. */

/** How far a picture is changed. Each is in parts of what is there: 0 leaves it alone, 0.1 is a tenth more. */
export interface EnhancementLook {
  /** Share of what the network would mend, 0..1. */
  readonly correction: number;
  readonly brightness: number;
  readonly contrast: number;
  readonly saturation: number;
  readonly localContrast: number;
  readonly sharpness: number;
}

/** A ratio of width to height, or a range of it. */
export interface RatioRange {
  readonly least: number;
  readonly most: number;
}

/** Which part of a picture an enhancement shows. */
export interface EnhancementFraming {
  /** A tilt of at most so much is set upright; 0: none is. */
  readonly maxTiltDegrees: number;
  /** The result has one of these; absent: the picture's own. */
  readonly ratios?: readonly RatioRange[];
}

/** How large the result is. */
export interface EnhancementSize {
  /** Factor that the picture is enlarged by at most. */
  readonly maxScale: 1 | 2;
  /** Nothing is enlarged beyond it; what is larger already keeps its size. */
  readonly longestSidePx: number;
  /** What is larger is reduced; absent: nothing is. */
  readonly maxWidthPx?: number;
  readonly maxHeightPx?: number;
}

/** What the file of a result keeps. */
export interface FileTerms {
  /** Dots an inch that the file tells a printer; absent: none. */
  readonly dotsPerInch?: number;
  /** JPEG and WebP lose quality until they fit. */
  readonly maxBytes?: number;
}

/** How much an enhancement changed, in CIEDE2000. */
export interface ChangeFigures {
  readonly mean: number;
  /** Nineteen of twenty pixels changed less. */
  readonly percentile95: number;
}
