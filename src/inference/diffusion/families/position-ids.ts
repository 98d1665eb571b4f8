/** Position ids of the transformers of the FLUX family: whole numbers for each token, the coordinates of a pixel among them. */
import type { FloatTensor } from '../../graph.ts';

/** Sides of a picture in tokens, and the first coordinate of all of them. */
export interface PicturePositions {
  readonly height: number;
  readonly width: number;
  readonly first: number;
}

/** Ids [tokens, size] of pictures one after the other: (first, row, column, 0 …). */
export function pictureIds(pictures: readonly PicturePositions[], size: number): FloatTensor {
  const count = pictures.reduce((sum, { height, width }) => sum + height * width, 0);
  const data = new Float32Array(count * size);
  let at = 0;
  for (const { height, width, first } of pictures) {
    for (let token = 0; token < height * width; token += 1) {
      data.set([first, Math.floor(token / width), token % width], at);
      at += size;
    }
  }
  return { data, dims: [count, size] };
}

/** Ids [tokens, size] of a text: zeros, or with its place in the last number. */
export function textIds(tokens: number, size: number, isNumbered: boolean): FloatTensor {
  const data = new Float32Array(tokens * size);
  if (isNumbered)
    for (let token = 0; token < tokens; token += 1) data[token * size + size - 1] = token;
  return { data, dims: [tokens, size] };
}

/** The same with a batch axis: [1, tokens, size]. */
export const asRow = ({ data, dims }: FloatTensor): FloatTensor => ({ data, dims: [1, ...dims] });

/** The evenly falling sigmas that pipelines of FLUX give their scheduler: 1 to 1/steps. */
export const fallingSigmas = (steps: number): readonly number[] =>
  Array.from({ length: steps }, (_, i) =>
    steps === 1 ? 1 : 1 - (i * (1 - 1 / steps)) / (steps - 1),
  );
