/**
 * By how much a picture is tilted, told by its long straight edges: a table's rim, a window, tiles. For each small angle the
 * edges are projected along it; at the right angle a straight edge falls into one row of the projection (Postl 1986, "Detection
 * of linear oblique structures and skew scan in digitized documents"). The rim of a plate never does, so what is round
 * gives no answer, and neither do edges that disagree.
 */
import type { Size } from './picture.ts';

/** Angles that are tried, in degrees. */
const REACH = 4.5;
const STEP = 0.25;
/** Edges further from upright or level than this are no evidence; noise turns single pixels by some degrees. */
const MAX_SLOPE = Math.tan((10 * Math.PI) / 180);
/** Difference of neighbours that is an edge, 0..1. */
const MIN_STEP = 0.04;
/** An edge counts as a line when it covers this share of the side that it runs along. */
const LINE_SHARE = 0.3;
/** Lines must cover so much of their sides together: one alone must nearly cross the picture. */
const EVIDENCE = 0.75;
/** How much sharper the best projection must be than those a degree away. */
const CONTRAST = 1.2;

/** Places of edge pixels: along the line and across it, from the middle of the picture. */
interface Edges {
  readonly along: Float32Array;
  readonly across: Float32Array;
  readonly length: number;
}

const at = (values: ArrayLike<number>, index: number): number => values[index] as number;

/** The other way round, so that upright edges are level ones. */
function transposed(luma: Float32Array, { widthPx, heightPx }: Size): Float32Array {
  const turned = new Float32Array(luma.length);
  for (let y = 0; y < heightPx; y += 1) {
    for (let x = 0; x < widthPx; x += 1) turned[x * heightPx + y] = at(luma, y * widthPx + x);
  }
  return turned;
}

/** Pixels where luma changes most from row to row, and along a nearly level edge. */
function levelEdges(luma: Float32Array, { widthPx, heightPx }: Size): Edges {
  const along: number[] = [];
  const across: number[] = [];
  const stepDown = (i: number) => at(luma, i + widthPx) - at(luma, i - widthPx);
  for (let y = 2; y < heightPx - 2; y += 1) {
    for (let x = 1; x < widthPx - 1; x += 1) {
      const i = y * widthPx + x;
      const down = stepDown(i);
      const size = Math.abs(down);
      if (size < MIN_STEP || Math.abs(at(luma, i + 1) - at(luma, i - 1)) > MAX_SLOPE * size)
        continue;
      if (size < Math.abs(stepDown(i - widthPx)) || size <= Math.abs(stepDown(i + widthPx)))
        continue;
      along.push(x - widthPx / 2);
      across.push(y - heightPx / 2);
    }
  }
  return {
    along: Float32Array.from(along),
    across: Float32Array.from(across),
    length: widthPx,
  };
}

/** A projection: how concentrated it is, and the share of the side that its lines cover. */
interface Projection {
  readonly concentration: number;
  readonly covered: number;
}

/** Project edges along lines that fall by an angle. */
function project({ along, across, length }: Edges, degrees: number, depth: number): Projection {
  const slope = Math.tan((degrees * Math.PI) / 180);
  const offset = depth / 2 + length;
  const rows = new Uint16Array(Math.ceil(2 * offset) + 1);
  for (let i = 0; i < along.length; i += 1) {
    const row = Math.round(at(across, i) - slope * at(along, i) + offset);
    rows[row] = at(rows, row) + 1;
  }
  let concentration = 0;
  let covered = 0;
  for (const count of rows) {
    concentration += count * count;
    if (count > LINE_SHARE * length) covered += count / length;
  }
  return { concentration, covered };
}

/**
 * The tilt of a picture.
 * @param luma Float32 [h, w], 0..1, about 500 pixels on the long side.
 * @returns Degrees, positive when the right side lies lower; undefined when nothing straight tells.
 */
export function findTilt(luma: Float32Array, size: Size): number | undefined {
  const { widthPx, heightPx } = size;
  const level = levelEdges(luma, size);
  const upright = levelEdges(transposed(luma, size), { widthPx: heightPx, heightPx: widthPx });
  const projections = Array.from({ length: (2 * REACH) / STEP + 1 }, (_, index) => {
    const degrees = index * STEP - REACH;
    // A tilt that lowers the right side moves the foot of an upright line to the left.
    const [one, two] = [project(level, degrees, heightPx), project(upright, -degrees, widthPx)];
    return {
      degrees,
      concentration: one.concentration + two.concentration,
      covered: one.covered + two.covered,
    };
  });
  const best = projections.reduce((a, b) => (b.concentration > a.concentration ? b : a));
  const beside = projections.filter(({ degrees }) => Math.abs(degrees - best.degrees) === 1);
  const isSharp = beside.every(
    ({ concentration }) => best.concentration > CONTRAST * concentration,
  );
  const isInReach = Math.abs(best.degrees) < REACH - 1;
  return best.covered >= EVIDENCE && isSharp && isInReach ? best.degrees : undefined;
}
