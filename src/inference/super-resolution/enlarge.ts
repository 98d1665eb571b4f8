/**
 * Enlarging a picture by a pack. A pack of one factor does the other one too: 4x by running its 2x graph twice, 2x by
 * reducing what its 4x graph gave.
 */
import { alphaOf, type Picture, withAlpha } from '../../imaging/picture.ts';
import { resizePlane } from '../../imaging/resize.ts';
import type { LoadedPack } from '../loaded-pack.ts';
import type { Session } from '../session.ts';
import { inSmallerParts, type OnShortage } from '../smaller-parts.ts';
import { type Scale, scalesOf, type Tiling, tilingOf } from './families.ts';
import { exactSizeOf, runTiles } from './run-tiles.ts';

/** What may be chosen for one picture. */
export interface EnlargeOptions {
  /** Called after each tile with the share done, 0..1; throws to stop. */
  readonly afterTile?: (fraction: number) => void;
  /** Longest side of a tile; absent: the pack's. A graph of a fixed size keeps that. */
  readonly tilePx?: number;
  /** Told of smaller tiles when memory ran out. */
  readonly onShortage?: OnShortage;
}

/** A smaller tile is mostly overlap, and saves nothing. */
const LEAST_TILE_PX = 64;

/** A run of a graph, and its share of the work. */
interface Pass {
  readonly graphScale: Scale;
  readonly scale: Scale;
  readonly share: number;
}

function passesTo(scale: Scale, scales: readonly Scale[]): readonly Pass[] {
  if (scales.includes(scale)) return [{ graphScale: scale, scale, share: 1 }];
  if (scale === 2) return [{ graphScale: 4, scale: 2, share: 1 }];
  const twice = { graphScale: 2, scale: 2 } as const;
  return [
    { ...twice, share: 1 / 5 }, // the second pass has four times the pixels
    { ...twice, share: 4 / 5 },
  ];
}

/** How small tiles may become; the first is not larger than the whole picture with its border. */
function tileSides(picture: Picture, tilePx: number, tiling: Tiling, session: Session) {
  const name = 'a tile';
  if (exactSizeOf(session.input) !== undefined) return { name, first: tilePx, least: tilePx };
  const wholePx = Math.max(picture.widthPx, picture.heightPx) + 2 * tiling.overlapPx;
  const first = Math.max(tiling.smallestTilePx, Math.min(tilePx, wholePx));
  const least = Math.min(first, Math.max(tiling.smallestTilePx, LEAST_TILE_PX));
  return { name, first, least };
}

async function enlargeColours(
  loaded: LoadedPack,
  picture: Picture,
  scale: Scale,
  { afterTile, tilePx, onShortage }: EnlargeOptions,
): Promise<Picture> {
  const tiling = tilingOf(loaded);
  let enlarged = picture;
  let done = 0;
  for (const pass of passesTo(scale, scalesOf(loaded))) {
    const session = loaded.session(`x${pass.graphScale}`);
    const source = enlarged;
    const before = done;
    const data = await inSmallerParts(
      tileSides(source, tilePx ?? tiling.tilePx, tiling, session),
      (side) =>
        runTiles(source, {
          ...pass,
          ...{ session, tiling, tilePx: side },
          afterTile: (fraction) => afterTile?.(before + fraction * pass.share),
        }),
      { onShortage },
    );
    const widthPx = enlarged.widthPx * pass.scale;
    enlarged = { data, widthPx, heightPx: enlarged.heightPx * pass.scale, channels: 3 };
    done += pass.share;
  }
  return enlarged;
}

/** Enlarged alpha, Uint8: by our own resampler, since the network knows colours only. */
function enlargeAlpha(picture: Picture, scale: number): Uint8Array {
  const to = { widthPx: picture.widthPx * scale, heightPx: picture.heightPx * scale };
  const plane = resizePlane(alphaOf(picture), picture, to, 'bicubic');
  return Uint8Array.from(plane, (value) => Math.min(255, Math.max(0, Math.round(value))));
}

/**
 * Enlarge a picture.
 * @returns A picture of exactly `scale` times the size, with alpha when the source has it.
 * @throws Error when the graph misbehaves; whatever `afterTile` throws.
 */
export async function enlarge(
  pack: LoadedPack,
  picture: Picture,
  scale: Scale,
  options: EnlargeOptions = {},
): Promise<Picture> {
  const enlarged = await enlargeColours(pack, picture, scale, options);
  if (picture.channels === 3) return enlarged;
  return withAlpha(enlarged, enlargeAlpha(picture, scale));
}
