/** Turns a failed zod check into the one sentence that `invalid_request` carries. */
import type { z } from 'zod';
import { invalidRequest } from '../errors.ts';

type Issue = z.core.$ZodIssue;

const MAX_SHOWN = 60;

/** A value as a caller may see it again: short, and never a whole body. */
function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object') return 'an object';
  const text = typeof value === 'string' ? `"${value}"` : String(value);
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}

function valueAt(body: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null
        ? (value as Record<PropertyKey, unknown>)[key]
        : undefined,
    body,
  );
}

function expectedOf(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.expected === 'int' ? 'a whole number' : article(issue.expected);
    case 'invalid_value':
      return issue.values
        .map((value) => JSON.stringify(value))
        .join(', ')
        .replace(/, ([^,]*)$/, ' or $1');
    case 'too_small':
      return `${article(issue.origin)} of at least ${issue.minimum}`;
    case 'too_big':
      return `${article(issue.origin)} of at most ${issue.maximum}`;
    default:
      return issue.message;
  }
}

function article(noun: string): string {
  if (noun === 'int' || noun === 'number') return 'a number';
  return /^[aeiou]/.test(noun) ? `an ${noun}` : `a ${noun}`;
}

function describe(issue: Issue, body: unknown): string {
  const field = issue.path.map(String).join('.');
  if (issue.code === 'unrecognized_keys') return issue.message;
  if (issue.code === 'invalid_union') return `Expected ${issue.message} for ${field}.`;
  const where = field === '' ? 'the request body' : field;
  return `Expected ${expectedOf(issue)} for ${where}, received ${shown(valueAt(body, issue.path))}.`;
}

/**
 * Check a request body.
 * @throws ApiError `invalid_request` naming the first wrong field and what is allowed there.
 */
export function parseBody<T extends z.ZodType>(schema: T, body: unknown): z.output<T> {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const [first] = parsed.error.issues;
  throw invalidRequest(first === undefined ? 'The request is not valid.' : describe(first, body));
}
