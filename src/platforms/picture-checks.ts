/**
 * The checks that no platform gives a figure for: sharp, well lit, found, whole. The thresholds are ours, taken
 * on 292 food photographs and on worse versions of them (docs/platforms.md), so a picture never fails by
 * them: it warns. A platform's own words on the matter are quoted with the check.
 */
import type { LightFigures, PictureFigures, SideFigures } from '../engine/picture-figures.ts';
import { type Check, type CheckStatus, sourceOf } from './judgement.ts';
import type { Placement, Rule, Sources } from './platform.ts';
import { fillOf } from './subject-fill.ts';

/** Detail, in levels of 255, of a picture that is in focus. */
const MIN_SHARPNESS = 8;
/** Luma that a tenth of a well lit dish exceeds. */
const MIN_LIGHT_LUMA = 0.5;
/** Share of a dish that may be burnt out. */
const MAX_WHITE_SHARE = 0.15;
/** Share of a side that a dish may lie on without being cut by it. */
const MAX_TOUCH = 0.05;

/** What a check found. */
interface Finding {
  readonly status: CheckStatus;
  readonly measured: string | null;
  readonly fix: string | null;
}

const NOT_MEASURED: Finding = { status: 'unknown', measured: null, fix: null };
const percent = (share: number): string => `${Math.round(share * 100)} %`;

function sharpness({ sharpness: detail }: PictureFigures): Finding {
  if (detail === undefined) return NOT_MEASURED;
  const isSharp = detail >= MIN_SHARPNESS;
  return {
    status: isSharp ? 'pass' : 'warning',
    measured: `detail of ${detail.toFixed(1)}`,
    fix: isSharp
      ? null
      : 'Take the photograph again: hold the camera still, focus on the dish, clean the lens.',
  };
}

/** A bright ground is no fault, so what is too bright is judged on the dish only. */
function lightFix(light: LightFigures, isDish: boolean): string | null {
  if (light.lightLuma < MIN_LIGHT_LUMA) {
    return 'Take the photograph again in more light, best beside a window, or brighten it.';
  }
  if (isDish && light.whiteShare > MAX_WHITE_SHARE) {
    return 'Take the photograph again with less light on the dish: what is burnt out cannot be brought back.';
  }
  return null;
}

function exposure(figures: PictureFigures): Finding {
  const isDish = fillOf(figures) !== null && figures.subject !== undefined;
  const light = isDish && figures.subject ? figures.subject.light : figures.light;
  const fix = lightFix(light, isDish);
  const numbers = [
    `mean ${percent(light.meanLuma)}`,
    `brightest tenth from ${percent(light.lightLuma)}`,
    `burnt out ${percent(light.whiteShare)}`,
    `black ${percent(light.blackShare)}`,
  ];
  return {
    status: fix === null ? 'pass' : 'warning',
    measured: `${isDish ? 'dish' : 'picture'}: ${numbers.join(', ')}`,
    fix,
  };
}

const SIDES = ['left', 'top', 'right', 'bottom'] as const;

const sidesCut = (touches: SideFigures) => SIDES.filter((side) => touches[side] > MAX_TOUCH);

function subjectWhole(figures: PictureFigures): Finding {
  if (!figures.isSubjectSought) return NOT_MEASURED;
  const { subject } = figures;
  if (subject === undefined || fillOf(figures) === null) {
    return {
      status: 'warning',
      measured: 'no dish was found',
      fix: 'Show one dish clearly apart from its ground.',
    };
  }
  const cut = sidesCut(subject.touches);
  if (cut.length === 0) return { status: 'pass', measured: 'inside the frame', fix: null };
  const touched = cut.map((side) => `${side} (${percent(subject.touches[side])} of the side)`);
  return {
    status: 'warning',
    measured: `the dish or its plate reaches the ${touched.join(', ')}`,
    fix: 'Take the photograph from a little further away, so that the whole dish is in the frame.',
  };
}

/** What is asked where no platform gives a figure. */
const OURS = {
  sharpness: `detail of at least ${MIN_SHARPNESS} (our threshold)`,
  exposure: `the brightest tenth of the dish from ${percent(MIN_LIGHT_LUMA)}, at most ${percent(MAX_WHITE_SHARE)} of it burnt out (our thresholds)`,
  subject_whole: `a dish on at most ${percent(MAX_TOUCH)} of each side of the frame (our threshold)`,
} as const;

function quoted(rules: readonly Rule[], check: string, sources: Sources) {
  return rules
    .filter((rule) => rule.check === check)
    .map(({ text, source }) => ({ says: text, ...sourceOf(sources, source) }));
}

/** The checks, in the order in which they are told. */
export function pictureChecks(
  { rules }: Placement,
  sources: Sources,
  figures: PictureFigures,
): readonly Check[] {
  const findings = {
    sharpness: sharpness(figures),
    exposure: exposure(figures),
    subject_whole: subjectWhole(figures),
  };
  return (['sharpness', 'exposure', 'subject_whole'] as const).map((check) => ({
    check,
    ...findings[check],
    required: OURS[check],
    sources: quoted(rules, check, sources),
  }));
}
