/** What a picture must become for a place on a platform: one value for each field, where sources may give several. */
import type { RatioRange } from '../engine/enhancement-terms.ts';
import { type Field, judgedClaims } from './judgement.ts';
import type { Placement, RequiredSize } from './platform.ts';
import { boundsOf } from './ratio.ts';

/** What is asked. */
export interface PlatformDemands {
  /** Any of these; absent: every ratio will do. */
  readonly ratios?: readonly RatioRange[];
  readonly maximumSize?: RequiredSize;
  readonly maximumBytes?: number;
  /** Absent: every format will do. */
  readonly formats?: readonly string[];
}

/** The values that count: the reading of the profile, else those of the claims that a preflight judges by. */
function valuesOf<Value>(field: Field<Value>): readonly Value[] {
  if (field === null) return [];
  if (field.reading !== undefined) return [field.reading.value];
  return judgedClaims(field.claims).map(({ value }) => value);
}

const isWithin = (inner: RatioRange, outer: RatioRange): boolean =>
  inner.least >= outer.least && inner.most <= outer.most;

/** The ratios that most of the claims allow. */
function commonRatios(claims: readonly (readonly string[])[]): readonly RatioRange[] {
  const ranges = claims.map((texts) => texts.map(boundsOf));
  const support = (range: RatioRange) =>
    ranges.filter((claim) => claim.some((allowed) => isWithin(range, allowed))).length;
  const all = ranges.flat();
  const most = Math.max(...all.map(support));
  return all.filter((range) => support(range) === most);
}

/** The smallest of several maxima, side by side. */
function smallestSize(sizes: readonly RequiredSize[]): RequiredSize {
  const least = (sides: readonly (number | null)[]): number | null => {
    const named = sides.filter((side) => side !== null);
    return named.length === 0 ? null : Math.min(...named);
  };
  return {
    width: least(sizes.map(({ width }) => width)),
    height: least(sizes.map(({ height }) => height)),
  };
}

/** The demands of a place. */
export function demandsOf({ requirements }: Placement): PlatformDemands {
  const ratios = valuesOf(requirements.ratio);
  const sizes = valuesOf(requirements.maximumSize);
  const bytes = valuesOf(requirements.maximumBytes);
  const [first, ...others] = valuesOf(requirements.formats);
  const formats = first?.filter((one) => others.every((other) => other.includes(one)));
  return {
    ...(ratios.length === 0 ? {} : { ratios: commonRatios(ratios) }),
    ...(sizes.length === 0 ? {} : { maximumSize: smallestSize(sizes) }),
    ...(bytes.length === 0 ? {} : { maximumBytes: Math.min(...bytes) }),
    ...(formats === undefined || formats.length === 0 ? {} : { formats }),
  };
}
