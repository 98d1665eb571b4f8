/** Profiles and preflights as the contract writes them. */
import type { z } from 'zod';
import type { platformResponse, preflightResponse } from '../contract/platforms.ts';
import type { LightFigures, PictureFigures, SideFigures } from '../engine/picture-figures.ts';
import { type Check, type Field, type SourceNote, sourceOf } from '../platforms/judgement.ts';
import type { Placement, Platform, Requirements, Source, Sources } from '../platforms/platform.ts';
import type { PreflightReport } from '../platforms/preflight.ts';
import type { MeasuredPicture } from '../platforms/requirement-checks.ts';

/** A page as a caller sees it. */
const wirePage = ({ address, publisher, read, pageDate, status, isPartial }: Source) => ({
  address,
  publisher,
  read,
  page_date: pageDate,
  status,
  is_partial: isPartial,
});

function wireField<Value>(field: Field<Value>, sources: Sources) {
  if (field === null) return null;
  const claims = field.claims.map(({ value, strength, via, note, source }) => ({
    value,
    strength,
    via: via ?? null,
    note: note ?? null,
    source,
    status: sourceOf(sources, source).status,
  }));
  return { claims, reading: field.reading ?? null };
}

const wireRequirements = (asked: Requirements, sources: Sources) => ({
  ratio: wireField(asked.ratio, sources),
  orientation: wireField(asked.orientation, sources),
  minimum_size: wireField(asked.minimumSize, sources),
  recommended_size: wireField(asked.recommendedSize, sources),
  maximum_size: wireField(asked.maximumSize, sources),
  minimum_bytes: wireField(asked.minimumBytes, sources),
  maximum_bytes: wireField(asked.maximumBytes, sources),
  formats: wireField(asked.formats, sources),
  colour_space: wireField(asked.colourSpace, sources),
  subject_share: wireField(asked.subjectShare, sources),
});

const wirePlacement = ([id, placement]: [string, Placement], sources: Sources) => ({
  id,
  name: placement.name,
  requirements: wireRequirements(placement.requirements, sources),
  rules: placement.rules.map(({ text, check, source }) => ({
    text,
    check: check ?? null,
    source,
    status: sourceOf(sources, source).status,
  })),
});

/** A platform as GET /api/platforms lists it. */
export function wirePlatform(platform: Platform): z.infer<typeof platformResponse> {
  const { id, name, version, placements, ai, sources } = platform;
  const stances = <Value>(list: readonly { value: Value; text: string; source: string }[] | null) =>
    list?.map((one) => ({ ...one, status: sourceOf(sources, one.source).status })) ?? null;
  return {
    id,
    name,
    version,
    placements: Object.entries(placements).map((one) => wirePlacement(one, sources)),
    ai: {
      generated: stances(ai.generated),
      edited: stances(ai.edited),
      label: stances(ai.label),
    },
    sources: Object.entries(sources).map(([key, source]) => ({ id: key, ...wirePage(source) })),
  };
}

const wireQuotes = (notes: readonly SourceNote[]) =>
  notes.map(({ says, ...source }) => ({ says, ...wirePage(source) }));

const wireCheck = ({ check, status, measured, required, sources, fix }: Check) => ({
  check,
  status,
  measured,
  required,
  sources: wireQuotes(sources),
  fix,
});

const DECIMALS = 1000;
const round = (figure: number): number => Math.round(figure * DECIMALS) / DECIMALS;

const wireLight = ({ meanLuma, lightLuma, blackShare, whiteShare }: LightFigures) => ({
  mean: round(meanLuma),
  brightest_tenth: round(lightLuma),
  black: round(blackShare),
  burnt_out: round(whiteShare),
});

const wireSides = ({ left, top, right, bottom }: SideFigures) => ({
  left: round(left),
  top: round(top),
  right: round(right),
  bottom: round(bottom),
});

const wireSubject = ({ subject }: PictureFigures) =>
  subject === undefined
    ? null
    : {
        area: round(subject.areaShare),
        box: wireSides(subject.box),
        touches: wireSides(subject.touches),
        light: wireLight(subject.light),
      };

const wirePicture = ({ widthPx, heightPx, bytes, figures }: MeasuredPicture) => ({
  width: widthPx,
  height: heightPx,
  bytes,
  format: figures.format,
  colour_space: figures.colourSpace,
  sharpness: figures.sharpness === undefined ? null : round(figures.sharpness),
  light: wireLight(figures.light),
  subject: wireSubject(figures),
});

/** What was judged. */
export interface Judged {
  readonly platform: Platform;
  readonly placementId: string;
  readonly picture: MeasuredPicture;
  readonly report: PreflightReport;
}

/** The answer of POST /api/preflight. */
export function wirePreflight(judged: Judged): z.infer<typeof preflightResponse> {
  const { platform, placementId, picture, report } = judged;
  return {
    platform: platform.id,
    placement: placementId,
    version: platform.version,
    verdict: report.verdict,
    picture: wirePicture(picture),
    checks: report.checks.map(wireCheck),
    notes: report.notes.map(({ topic, text, sources }) => ({
      topic,
      text,
      sources: wireQuotes(sources),
    })),
  };
}
