/** What is installed, as the jobs see it: packs by task, the packs behind the contract's model ids, styles. */
import type { Config } from '../config.ts';
import { invalidRequest } from '../errors.ts';
import type { PlatformTarget } from '../jobs/job.ts';
import type { PackCatalogue } from '../jobs/plan.ts';
import { loadContractModels, longestSideOf } from '../packs/contract-models.ts';
import { ModelPacks } from '../packs/model-packs.ts';
import { loadPresets } from '../packs/presets.ts';
import { PackRegistry, STARTER_PACKS } from '../packs/registry.ts';
import { loadStyles } from '../packs/styles.ts';
import { demandsOf } from '../platforms/demands.ts';
import type { PlatformBook } from '../platforms/platform-book.ts';

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

const listed = (names: readonly string[]): string => names.join(', ');

/** The place on a platform that `ID` or `ID/PLACEMENT` names. @throws ApiError `invalid_request`. */
function platformTarget(name: string, platforms: PlatformBook): PlatformTarget {
  const [id = '', wanted] = name.split('/');
  const platform = platforms.find(id);
  if (platform === undefined) {
    throw invalidRequest(
      `Expected one of ${listed(platforms.ids)} for options.platform, received ${name}.`,
    );
  }
  const { placements } = platform;
  const placement = wanted === undefined ? Object.values(placements)[0] : placements[wanted];
  if (placement === undefined) {
    const known = Object.keys(placements).map((one) => `${id}/${one}`);
    throw invalidRequest(
      `Expected one of ${listed(known)} for options.platform, received ${name}.`,
    );
  }
  return { id: name, demands: demandsOf(placement) };
}

/** What jobs are planned with. */
export interface CatalogueParts {
  readonly registry: PackRegistry;
  readonly platforms: PlatformBook;
  /** Absent where no picture is made of a prompt. */
  readonly modelPacks?: ModelPacks;
}

/** What is installed. */
export function catalogueOf({ registry, platforms, modelPacks }: CatalogueParts): PackCatalogue {
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
    presets: loadPresets().presets,
    platformTarget: (name) => platformTarget(name, platforms),
  };
}
