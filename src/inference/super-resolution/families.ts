/**
 * Families of super-resolution packs. What differs is how a picture must be padded for the network, and how far it sees;
 * graphs take RGB 0..1 and end in pixels 0..1, or in uint8 [1, H, W, 3]. The factors of a pack are told by the roles
 * of its files, `x2` and `x4`.
 */
import { z } from 'zod';
import { type Border, smallestTile } from '../../imaging/tiles.ts';
import type { LoadedPack } from '../loaded-pack.ts';

/** Factors of graphs and of requests. */
export type Scale = 2 | 4;

/** How a family is run. */
interface Family {
  readonly border: Border;
  /** The side that the network needs for a whole picture of a side. */
  readonly paddedSide: (sidePx: number, scale: Scale) => number;
  /** Overlaps are multiples of it, so that a tile's windows lie where the picture's do. */
  readonly step: number;
  readonly tilePx: number;
  readonly overlapPx: number;
  /** Whether tiles fade into each other, because the network may see further than the overlap. */
  readonly isFaded: boolean;
}

const same = (sidePx: number): number => sidePx;
const MAX_FEATHER_PX = 8;
/** Side of Swin2SR's windows. */
const WINDOW_PX = 8;

const FAMILIES: Readonly<Record<string, Family>> = {
  /** This project's own. The overlap covers its receptive field: tiles give what one piece gives. */
  'compact-residual': {
    ...{ border: 'repeat', paddedSide: same, step: 1 },
    ...{ tilePx: 256, overlapPx: 16, isFaded: false },
  },
  /**
   * SRVGGNetCompact and RRDBNet, https://github.com/xinntao/Real-ESRGAN, realesrgan/utils.py: the network pads by itself;
   * a 2x RRDBNet begins with a pixel-unshuffle by 2 and gets even sides by reflection.
   */
  'real-esrgan': {
    border: 'reflect',
    paddedSide: (sidePx, scale) => (scale === 2 ? sidePx + (sidePx % 2) : sidePx),
    step: 2,
    ...{ tilePx: 256, overlapPx: 32, isFaded: true },
  },
  /**
   * RLFN, https://github.com/bytedance/RLFN: the network pads by itself. Its attention sees the whole tile, so tiles are
   * large.
   */
  rlfn: {
    ...{ border: 'reflect', paddedSide: same, step: 1 },
    ...{ tilePx: 512, overlapPx: 32, isFaded: true },
  },
  /**
   * Swin2SR, Hugging Face transformers, models/swin2sr/image_processing_swin2sr.py: padded symmetrically to the next
   * multiple of the window, also where the side is one already.
   */
  swin2sr: {
    border: 'symmetric',
    paddedSide: (sidePx) => (Math.floor(sidePx / WINDOW_PX) + 1) * WINDOW_PX,
    step: WINDOW_PX,
    ...{ tilePx: 256, overlapPx: 32, isFaded: true },
  },
};

/** Their names. */
export const FAMILY_NAMES: readonly string[] = Object.keys(FAMILIES);

const inputsSchema = z.strictObject({
  /** Longest side of a tile, overlap included. */
  tilePx: z.int().min(32).max(4096).optional(),
  overlapPx: z.int().min(1).max(512).optional(),
});

/** How the tiles of a pack are cut. */
export interface Tiling extends Omit<Family, 'step' | 'isFaded'> {
  /** Half the width of a fade. */
  readonly featherPx: number;
  /** Tiles can be cut down to this side. */
  readonly smallestTilePx: number;
}

/** How a pack is run: its family's way, with what its `inputs` change. @throws Error when they cannot be used. */
export function tilingOf({ pack }: LoadedPack): Tiling {
  const family = FAMILIES[pack.family];
  if (family === undefined) {
    const known = FAMILY_NAMES.join(', ');
    throw new Error(`There is no super-resolution family "${pack.family}": ${known}.`);
  }
  const inputs = inputsSchema.parse(pack.inputs);
  const { tilePx = family.tilePx, overlapPx = family.overlapPx } = inputs;
  const smallestTilePx = smallestTile(overlapPx);
  if (overlapPx % family.step !== 0) {
    throw new Error(`Expected an overlapPx that ${family.step} divides, received ${overlapPx}.`);
  }
  if (tilePx < smallestTilePx) {
    throw new Error(`Expected a tilePx of at least ${smallestTilePx}, received ${tilePx}.`);
  }
  // Three quarters of the overlap remain as context where a tile begins to count.
  const featherPx = family.isFaded ? Math.min(MAX_FEATHER_PX, Math.floor(overlapPx / 4)) : 0;
  return { ...family, tilePx, overlapPx, featherPx, smallestTilePx };
}

/** Factors that a pack has graphs for. */
export const scalesOf = ({ pack }: LoadedPack): readonly Scale[] =>
  ([2, 4] as const).filter((scale) => pack.files[`x${scale}`] !== undefined);
