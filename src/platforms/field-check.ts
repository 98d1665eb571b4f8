/** One check of a picture by one field of a profile, in the words that a caller reads. */
import { type Check, type Claim, type Field, judge, sourceOf } from './judgement.ts';
import type { Sources } from './platform.ts';

/** What a check of one field needs. */
export interface FieldCheck<Value> {
  readonly check: string;
  readonly field: Field<Value>;
  readonly measured: string | null;
  readonly isMet: (value: Value) => boolean;
  readonly words: (value: Value) => string;
  /** What to do about values that are not met; there is at least one. */
  readonly fix: (unmet: readonly Value[]) => string;
}

/** The platform changes such a picture instead of refusing it. */
const ADAPTED = 'converted by the platform itself';

/** What one source says, and how binding it is. */
function saysOf<Value>(claim: Claim<Value>, words: (value: Value) => string): string {
  const { value, strength, via, note } = claim;
  const aside = [
    ...(strength === 'advised' ? ['advised'] : []),
    ...(strength === 'adapted' ? [ADAPTED] : []),
    ...(via === undefined ? [] : [`through ${via}`]),
  ];
  const said = aside.length > 0 ? `${words(value)} (${aside.join(', ')})` : words(value);
  return note === undefined ? said : `${said}. ${note}`;
}

/** What a picture is held to; what the platform adapts by itself is told, but holds nobody. */
function requiredText<Value>(
  field: NonNullable<Field<Value>>,
  wanted: readonly Value[],
  words: (value: Value) => string,
): string {
  const values = wanted.length > 0 ? wanted : field.claims.map(({ value }) => value);
  const isAdapted = field.claims.every(({ strength }) => strength === 'adapted');
  const aside = field.reading?.reason ?? (isAdapted ? ADAPTED : undefined);
  return aside === undefined
    ? distinct(values.map(words))
    : `${distinct(values.map(words))} (${aside})`;
}

const distinct = (words: readonly string[]): string => [...new Set(words)].join('; ');

/** Check a picture by a field. */
export function checkField<Value>(sources: Sources, check: FieldCheck<Value>): Check {
  const { field, measured, words } = check;
  const { status, wanted, unmet } =
    measured === null
      ? { status: 'unknown' as const, wanted: [], unmet: [] }
      : judge(field, sources, check.isMet);
  return {
    check: check.check,
    status,
    measured,
    required: field === null ? null : requiredText(field, wanted, words),
    sources: (field?.claims ?? []).map((claim) => ({
      says: saysOf(claim, words),
      ...sourceOf(sources, claim.source),
    })),
    fix: unmet.length > 0 ? check.fix(unmet) : null,
  };
}
