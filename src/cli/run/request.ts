/**
 * Turns the flags of `garnish run` into the body that a caller over HTTP would send, and lets the
 * contract's own schemas check it. A flag that is no field of the operation goes into `options`, where
 * the contract refuses what it does not know.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { z } from 'zod';
import { enhanceRequest } from '../../contract/enhance-request.ts';
import { removeBackgroundRequest } from '../../contract/remove-background-request.ts';
import { upscaleRequest } from '../../contract/requests.ts';
import { parseBody } from '../../contract/validation.ts';
import type { JobRequest } from '../../jobs/job.ts';
import { UsageError } from './usage-error.ts';

/** Operations that work on files. */
export const RUN_OPERATIONS = ['enhance', 'remove-background', 'upscale'] as const;
/** One of them. */
export type RunOperation = (typeof RUN_OPERATIONS)[number];

/** Options of the contract as they were typed. */
export interface ContractFlags {
  readonly scale?: string;
  readonly format?: string;
  readonly background?: string;
  readonly output?: string;
  readonly shadow?: string | true;
  readonly crop?: string | true;
  readonly margin?: string;
  readonly align?: string;
  readonly width?: string;
  readonly height?: string;
  readonly preset?: string;
  readonly platform?: string;
  readonly upscale?: string;
  readonly removeBackground?: true;
}

/** Flags that are fields of a body; all others are its options. */
const FIELDS: Readonly<Record<RunOperation, readonly (keyof ContractFlags)[]>> = {
  enhance: ['preset'],
  'remove-background': [],
  upscale: ['scale'],
};

/** What is done with every file of a run. */
export interface RunTask {
  readonly operation: RunOperation;
  /** Hash of operation and options: a file done with another one is done again. */
  readonly optionsHash: string;
  /** File that the results are laid on; its address in requests is `BACKGROUND_ADDRESS`. */
  readonly backgroundPath?: string;
  /** The job for one source. */
  request(imageUrl: string): JobRequest;
}

/** What a background on this machine is called in requests. */
export const BACKGROUND_ADDRESS = 'http://garnish.invalid/background';

/** Takes the place of a source while the options are checked. */
const ANY_SOURCE = 'http://garnish.invalid/';

const WORDS: ReadonlyMap<unknown, boolean> = new Map([
  ['true', true],
  ['false', false],
]);

/** A flag as a caller over HTTP would write it. */
function typed(value: unknown): unknown {
  const isNumber = typeof value === 'string' && /^\d+(?:\.\d+)?$/.test(value);
  return isNumber ? Number(value) : (WORDS.get(value) ?? value);
}

/** `removeBackground` as the wire has it. */
const wireName = (flag: string): string =>
  flag.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

function bodyOf(operation: RunOperation, flags: ContractFlags): Record<string, unknown> {
  const fields: readonly string[] = FIELDS[operation];
  const entries = Object.entries(flags);
  const body = (isField: boolean) =>
    Object.fromEntries(
      entries
        .filter(([flag]) => fields.includes(flag) === isField)
        .map(([flag, value]) => [wireName(flag), typed(value)]),
    );
  return { ...body(true), options: body(false) };
}

function parse<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  try {
    return parseBody(schema, body);
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error });
  }
}

function requestOf(operation: RunOperation, body: unknown): JobRequest {
  switch (operation) {
    case 'enhance':
      return { operation, ...parse(enhanceRequest, body), hasChangeMap: false };
    case 'remove-background':
      return { operation, ...parse(removeBackgroundRequest, body) };
    case 'upscale':
      return { operation, ...parse(upscaleRequest, body) };
    default:
      return operation satisfies never;
  }
}

/** The name of an operation that works on files. @throws UsageError for any other. */
export function runOperation(name: string): RunOperation {
  const found = RUN_OPERATIONS.find((operation) => operation === name);
  if (found !== undefined) return found;
  if (name === 'generate') {
    throw new UsageError(
      'generate makes pictures of prompts, not of files: POST /api/generate does it.',
    );
  }
  throw new UsageError(`There is no operation ${name}: ${RUN_OPERATIONS.join(', ')}.`);
}

interface Background {
  readonly path: string;
  readonly sha256: string;
}

/** The picture that a flag names; undefined: it names a colour or a blur, or is not there. */
function backgroundOf({ background }: ContractFlags): Background | undefined {
  if (background === undefined || background === 'blur' || background.startsWith('#')) {
    return undefined;
  }
  const path = resolve(background);
  try {
    return { path, sha256: createHash('sha256').update(readFileSync(path)).digest('hex') };
  } catch (cause) {
    throw new UsageError(
      `Expected a colour as #rrggbb, blur or a picture for --background, received ${background}.`,
      { cause },
    );
  }
}

/** What a run does. @throws UsageError naming the option that is wrong and what is allowed. */
export function runTask(operation: RunOperation, given: ContractFlags): RunTask {
  const background = backgroundOf(given);
  const flags = background === undefined ? given : { ...given, background: BACKGROUND_ADDRESS };
  const body = bodyOf(operation, flags);
  const request = (imageUrl: string) => requestOf(operation, { ...body, image_url: imageUrl });
  const sample = JSON.stringify(request(ANY_SOURCE)) + (background?.sha256 ?? '');
  return {
    operation,
    optionsHash: createHash('sha256').update(sample).digest('hex').slice(0, 16),
    ...(background === undefined ? {} : { backgroundPath: background.path }),
    request,
  };
}
