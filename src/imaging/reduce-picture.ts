/** Brings a picture to the size that something is looked for at. */
import { shrinkPicture } from './codec.ts';
import { type Picture, sizeWithin } from './picture.ts';

/** A picture whose long side is at most `longSidePx`: reduced, RGB only, or as it is. */
export function reducePicture(picture: Picture, longSidePx: number): Promise<Picture> {
  const to = sizeWithin(picture, longSidePx);
  const isSame = to.widthPx === picture.widthPx && to.heightPx === picture.heightPx;
  return isSame ? Promise.resolve(picture) : shrinkPicture(picture, to);
}
