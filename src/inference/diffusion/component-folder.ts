/**
 * A pipeline's folder in the layout of diffusers, as optimum and the public ONNX exports write it:
 * `model_index.json` beside one folder a component, each graph as `model.onnx` next to its `config.json`.
 * Graphs and tokenizers are opened when first asked for, so that what a run does not need costs nothing.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Graph } from '../graph.ts';
import { loadGraph, type ProviderChoice } from '../session.ts';
import { type GraphConventions, readConventions, renamed } from './graph-conventions.ts';
import { loadPromptTokenizer, type PromptTokenizer } from './prompt-tokenizer.ts';
import { parseRelaxedJson } from './relaxed-json.ts';
import type { SchedulerConfig } from './schedulers/config.ts';
import { type VaeConfig, vaeConfigSchema } from './vae.ts';

const jsonObject = z.record(z.string(), z.unknown());
type JsonObject = Readonly<z.infer<typeof jsonObject>>;

function readJson(path: string): JsonObject {
  try {
    return jsonObject.parse(parseRelaxedJson(readFileSync(path, 'utf8')));
  } catch (cause) {
    throw new Error(`Expected a JSON object in ${path}: ${String(cause)}`, { cause });
  }
}

/** The components of one pipeline, opened as they are needed. */
export class ComponentFolder {
  readonly path: string;
  /** `model_index.json`. */
  readonly index: JsonObject;
  /** The scheduler's configuration, its class in `_class_name`. */
  readonly scheduler: SchedulerConfig;
  readonly vae: VaeConfig;
  /** What the graphs take and give, where their shapes do not tell it. */
  readonly conventions: GraphConventions;
  readonly #choice: ProviderChoice;
  readonly #leftOut: ReadonlySet<string>;
  readonly #graphs = new Map<string, Promise<Graph>>();
  readonly #tokenizers = new Map<string, Promise<PromptTokenizer>>();

  /**
   * @param leftOut components that count as missing though their folder is there
   * @throws Error when a file of the layout is missing or malformed
   */
  constructor(path: string, choice: ProviderChoice, leftOut: readonly string[] = []) {
    this.path = path;
    this.#choice = choice;
    this.#leftOut = new Set(leftOut);
    this.index = readJson(join(path, 'model_index.json'));
    this.scheduler = readJson(join(path, 'scheduler', 'scheduler_config.json'));
    this.conventions = readConventions(path);
    this.vae = vaeConfigSchema.parse(this.config('vae_decoder'));
  }

  /** Whether the folder has a graph of that name. */
  has(component: string): boolean {
    return !this.#leftOut.has(component) && existsSync(join(this.path, component, 'model.onnx'));
  }

  /** Name of the network's component. */
  get network(): 'unet' | 'transformer' {
    return this.has('unet') ? 'unet' : 'transformer';
  }

  /** A component's `config.json`. @throws Error when it is missing. */
  config(component: string): JsonObject {
    return readJson(join(this.path, component, 'config.json'));
  }

  /** A component's graph. @throws Error when it is missing or cannot be loaded. */
  graph(component: string): Promise<Graph> {
    return kept(this.#graphs, component, async () => {
      if (!this.has(component)) throw new Error(`${this.path} has no ${component}.`);
      const graph = await loadGraph(join(this.path, component, 'model.onnx'), this.#choice);
      return renamed(graph, this.conventions.names[component]);
    });
  }

  /** A tokenizer. @throws Error when it is missing or malformed. */
  tokenizer(name: string): Promise<PromptTokenizer> {
    return kept(this.#tokenizers, name, () => loadPromptTokenizer(join(this.path, name)));
  }

  /** Names of the graphs that are in memory. */
  get loaded(): readonly string[] {
    return [...this.#graphs.keys()];
  }

  /** Give a graph's memory back; it is loaded again when it is next asked for. */
  async unload(component: string): Promise<void> {
    const graph = this.#graphs.get(component);
    this.#graphs.delete(component);
    await (await graph)?.release();
  }

  /** Give back the memory of every text encoder. @returns whether there was one. */
  async unloadTextEncoders(): Promise<boolean> {
    const names = this.loaded.filter((name) => name.startsWith('text_encoder'));
    for (const name of names) await this.unload(name);
    return names.length > 0;
  }

  /** Give everything back. */
  async release(): Promise<void> {
    for (const name of [...this.#graphs.keys()]) await this.unload(name);
  }
}

/** The promise of a map, made where there is none; one that failed is not kept. */
function kept<T>(map: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
  const earlier = map.get(key);
  if (earlier !== undefined) return earlier;
  const made = make();
  map.set(key, made);
  made.catch(() => map.delete(key));
  return made;
}
