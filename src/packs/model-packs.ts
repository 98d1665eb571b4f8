/**
 * Which pack answers each model id of the contract. An id that no setting names is answered by the last
 * text-to-image pack installed; `seeddream`, the editor, by one that can edit where there is one.
 */
import type { GeneratorAbility } from './generator-inputs.ts';
import { type GeneratorPack, PackError, type PackRegistry } from './registry.ts';

/** The model id whose purpose is editing. */
const EDITOR_ID = 'seeddream';

const can = ({ inputs }: GeneratorPack, ability: GeneratorAbility): boolean =>
  inputs.supports.includes(ability);

function defaultPack(modelId: string, packs: readonly GeneratorPack[]): GeneratorPack | undefined {
  const editor =
    packs.findLast((pack) => can(pack, 'reference')) ??
    packs.findLast((pack) => can(pack, 'strength'));
  if (modelId === EDITOR_ID && editor !== undefined) return editor;
  return packs.findLast(({ manifest }) => manifest.task === 'text-to-image') ?? packs.at(-1);
}

/** `id=pack` entries as a map. @throws PackError when an id is given twice. */
function parseChoices(entries: readonly string[]): ReadonlyMap<string, string> {
  const choices = new Map<string, string>();
  for (const entry of entries) {
    const [modelId = '', packId = ''] = entry.split('=');
    if (choices.has(modelId)) throw new PackError(`GARNISH_MODEL_PACKS names ${modelId} twice.`);
    choices.set(modelId, packId);
  }
  return choices;
}

/** The packs behind the model ids. */
export class ModelPacks {
  readonly #packs: ReadonlyMap<string, GeneratorPack>;

  private constructor(packs: ReadonlyMap<string, GeneratorPack>) {
    this.#packs = packs;
  }

  /**
   * Choose a pack for each id.
   * @param modelIds ids of the contract.
   * @param entries the operator's choices, each `id=pack`.
   * @throws PackError when a choice names a pack that is not installed or makes no pictures.
   */
  static choose(
    registry: PackRegistry,
    modelIds: readonly string[],
    entries: readonly string[],
  ): ModelPacks {
    const generators = registry.generators();
    const choices = parseChoices(entries);
    const unknown = [...choices.keys()].find((modelId) => !modelIds.includes(modelId));
    if (unknown !== undefined) {
      throw new PackError(`GARNISH_MODEL_PACKS: ${unknown} is none of ${modelIds.join(', ')}.`);
    }
    const packs = new Map<string, GeneratorPack>();
    for (const modelId of modelIds) {
      const wanted = choices.get(modelId);
      const pack =
        wanted === undefined
          ? defaultPack(modelId, generators)
          : generators.find(({ manifest }) => manifest.id === wanted);
      if (pack !== undefined) packs.set(modelId, pack);
      else if (wanted !== undefined) {
        const known = generators.map(({ manifest }) => manifest.id).join(', ') || 'none';
        throw new PackError(
          `GARNISH_MODEL_PACKS: ${wanted} is no installed text-to-image pack (installed: ${known}).`,
        );
      }
    }
    return new ModelPacks(packs);
  }

  /** The pack of an id; undefined while none is installed. */
  packFor(modelId: string): GeneratorPack | undefined {
    return this.#packs.get(modelId);
  }

  /** Every pack that answers something, each once. */
  get used(): readonly GeneratorPack[] {
    return [...new Set(this.#packs.values())];
  }
}
