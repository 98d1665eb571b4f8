/** Judges a measured picture by what a platform asks of the photographs of one place. */
import type { Check, CheckStatus, SourceNote } from './judgement.ts';
import { sourceOf } from './judgement.ts';
import { pictureChecks } from './picture-checks.ts';
import type { Everywhere, Placement, Platform } from './platform.ts';
import { type MeasuredPicture, requirementChecks } from './requirement-checks.ts';

/** Something that software cannot measure, or that is good to know. */
export interface Note {
  readonly topic: 'ai' | 'content';
  readonly text: string;
  /** None: no source was found. */
  readonly sources: readonly SourceNote[];
}

/** What a preflight tells. */
export interface PreflightReport {
  readonly verdict: CheckStatus;
  readonly checks: readonly Check[];
  readonly notes: readonly Note[];
}

/** What a stance is about. */
const SUBJECTS = {
  generated: 'Pictures made by AI',
  edited: 'Photographs changed by AI',
  label: 'Labels for what AI made or changed',
} as const;

/** What it is. */
const STANCES = {
  allowed: 'allowed',
  conditional: 'allowed on conditions',
  refused: 'refused',
  'own-tools': 'done by the platform itself',
  required: 'required',
  advised: 'advised',
  automatic: 'set by the platform',
} as const;

function aiNotes({ ai, sources }: Platform): Note[] {
  return (['generated', 'edited', 'label'] as const).flatMap((subject): Note[] => {
    const about = SUBJECTS[subject];
    const stances = ai[subject];
    if (stances === null) {
      const text = `${about}: no rule was found, which does not mean that there is none.`;
      return [{ topic: 'ai', text, sources: [] }];
    }
    return stances.map(({ value, text, source }) => ({
      topic: 'ai',
      text: `${about}: ${STANCES[value]}. ${text}`,
      sources: [{ says: text, ...sourceOf(sources, source) }],
    }));
  });
}

/** Rules in words that no check quotes. */
const contentNotes = ({ rules }: Placement, { sources }: Platform): Note[] =>
  rules
    .filter(({ check }) => check === undefined)
    .map(({ text, source }) => ({
      topic: 'content',
      text,
      sources: [{ says: text, ...sourceOf(sources, source) }],
    }));

/** The worst there is; a platform that says nothing gives no pass. */
function verdictOf(required: readonly Check[], advisory: readonly Check[]): CheckStatus {
  const all = [...required, ...advisory];
  const has = (status: CheckStatus, checks: readonly Check[] = all) =>
    checks.some((one) => one.status === status);
  if (has('fail')) return 'fail';
  if (has('warning')) return 'warning';
  return has('pass', required) ? 'pass' : 'unknown';
}

/** Judge a picture. */
export function preflight(
  platform: Platform,
  placement: Placement,
  picture: MeasuredPicture,
  everywhere: Everywhere,
): PreflightReport {
  const required = requirementChecks(placement.requirements, platform.sources, picture);
  const advisory = pictureChecks(placement, platform.sources, picture.figures);
  const law = everywhere.rules.map(({ text, source }): Note => {
    const read = sourceOf(everywhere.sources, source);
    return { topic: 'ai', text, sources: [{ says: text, ...read }] };
  });
  return {
    verdict: verdictOf(required, advisory),
    checks: [...required, ...advisory],
    notes: [...contentNotes(placement, platform), ...aiNotes(platform), ...law],
  };
}
