/** `garnish packs add FOLDER`. */
import { loadConfig } from '../../config.ts';
import { createLog } from '../../observability/log.ts';
import type { Manifest } from '../../packs/manifest.ts';
import { enginePackOf } from '../../packs/registry.ts';
import { sizeText } from '../../packs/size-text.ts';
import { addPack } from '../../packs/store/add-pack.ts';
import { startEngine } from '../layers.ts';
import { printResult } from '../output.ts';
import { PullProgress } from './pull-progress.ts';
import { requiredPacksDir } from './roots.ts';
import { untilSignal } from './until-signal.ts';

interface AddFlags {
  readonly acceptLicence?: string;
  readonly replace?: true;
  /** commander's `--no-try`. */
  readonly try: boolean;
  readonly json?: true;
}

/** One real run in an engine of its own: a server would not start with a pack that fails it. */
async function tryOut(manifest: Manifest, folder: string): Promise<void> {
  const config = { ...loadConfig(), engineWorkers: 1 };
  const log = createLog('silent');
  const engine = await startEngine(config, [enginePackOf({ manifest, folder })], log);
  await engine.stop(0);
}

/** Install a pack from a folder; progress goes to stderr, the result to stdout. */
export function addCommand(source: string, flags: AddFlags): Promise<void> {
  return untilSignal(async (signal) => {
    const progress = new PullProgress(process.stderr);
    try {
      const added = await addPack(source, {
        packsDir: requiredPacksDir(),
        acceptedLicence: flags.acceptLicence,
        isReplacing: flags.replace === true,
        signal,
        tryOut: flags.try ? tryOut : undefined,
        onProgress: (transfer) => progress.tell(transfer),
      });
      progress.end();
      const { id, folder, bytes } = added;
      const ran = flags.try ? 'It ran here once.' : 'It was not run.';
      const line = `${id} is in ${folder}: ${sizeText(bytes)}. ${ran} A server loads it at its next start.`;
      printResult(flags, { ...added, tried: flags.try }, line);
    } finally {
      progress.end();
    }
  });
}
