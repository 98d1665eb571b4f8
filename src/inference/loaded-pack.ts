/** A pack whose graphs are in memory, or are brought there by its first run. */
import { z } from 'zod';
import type { EnginePack } from '../engine/protocol.ts';
import { type GeneratorInputs, generatorInputsSchema } from '../packs/generator-inputs.ts';
import type { FamilyChoices } from './diffusion/generation.ts';
import { DiffusionPipeline } from './diffusion/pipeline.ts';
import { type ProviderChoice, Session } from './session.ts';

/** The pipeline of a pack of the family `diffusers`. */
export interface LoadedGenerator {
  readonly pipeline: Pick<
    DiffusionPipeline,
    'sizeStep' | 'edits' | 'generate' | 'guidesBy' | 'checkSteps' | 'release'
  >;
  readonly inputs: GeneratorInputs;
  /** What the manifest fixes for every run. */
  readonly choices: FamilyChoices;
}

/** What a pack runs with. */
export interface LoadedPack {
  readonly pack: EnginePack;
  /** A graph by its role. @throws Error when the pack has no file of that role. */
  session(role: string): Session;
  /** @throws Error when the pack makes no pictures of prompts. */
  generator(): LoadedGenerator;
  /** Give the memory of every graph back; the pack is not used after that. */
  release(): Promise<void>;
}

/** What a pack fails by, on one line that names it. */
export function unusable({ id }: EnginePack, cause: unknown): Error {
  const known = cause instanceof Error ? cause.message : String(cause);
  const reason = cause instanceof z.ZodError ? z.prettifyError(cause) : known;
  return new Error(`Pack ${id} cannot be used: ${reason.replaceAll(/\s+/g, ' ')}`, { cause });
}

async function loadSessions(
  pack: EnginePack,
  choice: ProviderChoice,
): Promise<ReadonlyMap<string, Session>> {
  const sessions = new Map<string, Session>();
  try {
    for (const [role, path] of Object.entries(pack.files)) {
      if (!path.endsWith('.onnx')) continue; // external weights, which a graph beside them reads
      sessions.set(role, await Session.load(path, choice));
    }
    return sessions;
  } catch (error) {
    await releaseAll(sessions);
    throw error;
  }
}

async function releaseAll(sessions: ReadonlyMap<string, Session>): Promise<void> {
  for (const session of sessions.values()) await session.release();
}

function openPipeline(pack: EnginePack, choice: ProviderChoice): DiffusionPipeline {
  try {
    return new DiffusionPipeline(pack.folder, choice);
  } catch (cause) {
    throw unusable(pack, cause);
  }
}

function openGenerator(pack: EnginePack, choice: ProviderChoice): LoadedGenerator {
  const pipeline = openPipeline(pack, choice);
  const inputs = generatorInputsSchema.parse(pack.inputs);
  const { maxTokens, hiddenLayers } = inputs;
  const choices = {
    ...(maxTokens === undefined ? {} : { maxTokens }),
    ...(hiddenLayers === undefined ? {} : { hiddenLayers }),
  };
  return { pipeline, inputs, choices };
}

/** Load every graph of a pack; a component folder's are loaded by the warm-up, which runs each. */
export async function loadPack(pack: EnginePack, choice: ProviderChoice): Promise<LoadedPack> {
  const isGenerator = pack.family === 'diffusers';
  const generator = isGenerator ? openGenerator(pack, choice) : undefined;
  const sessions = isGenerator ? undefined : await loadSessions(pack, choice);
  return {
    pack,
    session: (role) => {
      const session = sessions?.get(role);
      if (session === undefined) throw new Error(`Pack ${pack.id} has no file for ${role}.`);
      return session;
    },
    generator: () => {
      if (generator === undefined) throw new Error(`Pack ${pack.id} makes no pictures of prompts.`);
      return generator;
    },
    release: async () => {
      await generator?.pipeline.release();
      if (sessions !== undefined) await releaseAll(sessions);
    },
  };
}
