/**
 * What a folder's graphs take and give where their shapes do not tell it: public exports of FLUX.2 [klein] have
 * packing, position ids and the normalisation of the latents inside. `inputs.graphs` of `pack.json` says so.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Graph } from '../graph.ts';

/** Each first value is what diffusers' components take and optimum exports; docs/diffusion.md has the meanings. */
export const graphConventionsSchema = z.strictObject({
  latents: z.enum(['tokens', 'squares']).default('tokens'),
  positionIds: z.enum(['input', 'inside']).default('input'),
  decoderTakes: z.enum(['latents', 'normalised-squares']).default('latents'),
  encoderGives: z.enum(['parameters', 'normalised-squares']).default('parameters'),
  /** For each component, the graph's own name of an input or output of optimum's. */
  names: z.record(z.string(), z.record(z.string(), z.string())).default({}),
});

/** Checked conventions. */
export type GraphConventions = Readonly<z.infer<typeof graphConventionsSchema>>;

const packSchema = z.looseObject({
  inputs: z.looseObject({ graphs: graphConventionsSchema.optional() }).optional(),
});

/** The conventions of a folder; those of optimum where it has no `pack.json`. @throws Error when it is malformed */
export function readConventions(folder: string): GraphConventions {
  const path = join(folder, 'pack.json');
  const pack: unknown = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {};
  return packSchema.parse(pack).inputs?.graphs ?? graphConventionsSchema.parse({});
}

/** Whether anything is inside the graphs that belongs to squares of latents. */
export const hasSquaresInside = (conventions: GraphConventions): boolean =>
  conventions.latents === 'squares' ||
  conventions.decoderTakes === 'normalised-squares' ||
  conventions.encoderGives === 'normalised-squares';

/** A graph by the names of optimum's exports. @param names its own name of each; absent ones are the same */
export function renamed(graph: Graph, names: Readonly<Record<string, string>> = {}): Graph {
  const ownOf = (name: string) => names[name] ?? name;
  const theirs = new Map(Object.entries(names).map(([name, own]) => [own, name]));
  const ports = (all: Graph['inputs']): Graph['inputs'] =>
    new Map([...all].map(([own, port]) => [theirs.get(own) ?? own, port]));
  return {
    inputs: ports(graph.inputs),
    outputs: ports(graph.outputs),
    bind: (name, tensor) => graph.bind(ownOf(name), tensor),
    async run(feeds, fetches) {
      const own = Object.entries(feeds).map(([name, feed]) => [ownOf(name), feed]);
      const results = await graph.run(Object.fromEntries(own), fetches.map(ownOf));
      return Object.fromEntries(
        fetches.flatMap((name) => {
          const result = results[ownOf(name)];
          return result === undefined ? [] : [[name, result]];
        }),
      );
    },
    release: () => graph.release(),
  };
}
