/**
 * How claims become a verdict. The platform's own word is binding: what none of its own requirements lets pass
 * fails. Everything else warns: advice, what others report, and differences between sources. A limit of a
 * service in between counts only where nothing else is known.
 */
import type { Source, Sources } from './platform.ts';

/** How a picture stands to one requirement; `unknown`: no source says anything, or it was not measured. */
export type CheckStatus = 'pass' | 'warning' | 'fail' | 'unknown';

/** What one source says of a field. */
export interface Claim<Value> {
  readonly value: Value;
  readonly source: string;
  readonly strength: 'required' | 'advised' | 'adapted';
  readonly via?: string | undefined;
  readonly note?: string | undefined;
}

/** All that is said of a field; null: nothing. */
export type Field<Value> = {
  readonly claims: readonly Claim<Value>[];
  readonly reading?: { readonly value: Value; readonly reason: string } | undefined;
} | null;

/** What comes of a field for one picture. */
export interface Judgement<Value> {
  readonly status: CheckStatus;
  /** Values that the picture is judged by. */
  readonly wanted: readonly Value[];
  /** Those of them that it does not meet. */
  readonly unmet: readonly Value[];
}

/** A source, and what it says. */
export interface SourceNote extends Source {
  readonly says: string;
}

/** One line of a preflight. */
export interface Check {
  readonly check: string;
  readonly status: CheckStatus;
  /** null: it was not measured. */
  readonly measured: string | null;
  /** null: no source says anything. */
  readonly required: string | null;
  readonly sources: readonly SourceNote[];
  /** What to do about it; null: nothing. */
  readonly fix: string | null;
}

/** A source by its key. */
export function sourceOf(sources: Sources, key: string): Source {
  const source = sources[key];
  if (source === undefined) throw new Error(`The profile names the source ${key} and has none.`);
  return source;
}

/** Claims that a picture is held to. */
export function judgedClaims<Value>(claims: readonly Claim<Value>[]): readonly Claim<Value>[] {
  const held = claims.filter(({ strength }) => strength !== 'adapted');
  const direct = held.filter(({ via }) => via === undefined);
  return direct.length > 0 ? direct : held;
}

/**
 * Judge a picture by a field.
 * @param isMet Whether the picture meets a value.
 */
export function judge<Value>(
  field: Field<Value>,
  sources: Sources,
  isMet: (value: Value) => boolean,
): Judgement<Value> {
  if (field === null) return { status: 'unknown', wanted: [], unmet: [] };
  const judged = judgedClaims(field.claims);
  const binding = judged
    .filter(({ strength, source }) => {
      const { status } = sourceOf(sources, source);
      return strength === 'required' && status === 'confirmed';
    })
    .map(({ value }) => value);
  if (binding.length > 0 && !binding.some(isMet)) {
    return { status: 'fail', wanted: binding, unmet: binding };
  }
  const wanted = field.reading ? [field.reading.value] : judged.map(({ value }) => value);
  const unmet = wanted.filter((value) => !isMet(value));
  return { status: unmet.length > 0 ? 'warning' : 'pass', wanted, unmet };
}
