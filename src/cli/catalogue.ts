/** What is installed, as the jobs see it: packs by task, the packs behind the contract's model ids, styles. */
import type { Config } from '../config.ts';
import type { PackCatalogue } from '../jobs/plan.ts';
import { loadContractModels, longestSideOf } from '../packs/contract-models.ts';
import { ModelPacks } from '../packs/model-packs.ts';
import { PackRegistry, STARTER_PACKS } from '../packs/registry.ts';
import { loadStyles } from '../packs/styles.ts';

/** Read and verify the packs of the repository and of the operator. @throws PackError. */
export const loadPacks = ({ packsDir }: Config): Promise<PackRegistry> =>
  PackRegistry.load([STARTER_PACKS, packsDir].filter((folder) => folder !== undefined));

/** The packs behind the contract's model ids. @throws PackError when a choice cannot be kept. */
export const chooseModelPacks = ({ modelPacks }: Config, registry: PackRegistry): ModelPacks =>
  ModelPacks.choose(
    registry,
    loadContractModels().map(({ id }) => id),
    modelPacks,
  );

/** @param modelPacks absent where no picture is made of a prompt. */
export function catalogueOf(registry: PackRegistry, modelPacks?: ModelPacks): PackCatalogue {
  const models = new Map(loadContractModels().map((model) => [model.id, model]));
  return {
    packFor: (task) => registry.packFor(task),
    generatorFor: (modelId) => {
      const pack = modelPacks?.packFor(modelId);
      const model = models.get(modelId);
      if (pack === undefined || model === undefined) return undefined;
      const { steps, guidanceScale, supports } = pack.inputs;
      return {
        packId: pack.manifest.id,
        longestSidePx: longestSideOf(model),
        ...{ steps, guidanceScale, supports },
      };
    },
    styles: loadStyles().styles,
  };
}
