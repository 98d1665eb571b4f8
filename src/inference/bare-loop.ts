/**
 * A loop over one operation in a process of its own, without HTTP, queue, ledger or pool: what the
 * benchmark compares the server with. Decoding and encoding are included, as in the server.
 */
import { rm } from 'node:fs/promises';
import type { EngineOperation, EnginePack, SourceLimits } from '../engine/protocol.ts';
import { loadPack } from './loaded-pack.ts';
import { runOperation } from './operations/run-operation.ts';
import { warmUp } from './warm-up.ts';

/** What the loop is told. */
export interface BareLoopRequest {
  readonly pack: EnginePack;
  readonly operation: EngineOperation;
  readonly sourcePath: string;
  /** A path of its own for the results, which are removed again. */
  readonly outputStem: string;
  readonly limits: SourceLimits;
  readonly count: number;
}

/** What it answers: `ready` when warm, `done` when `go` has been followed by `count` runs. */
export type BareLoopAnswer = { readonly type: 'ready' } | { readonly type: 'done' };

async function loop(request: BareLoopRequest): Promise<void> {
  const pack = await loadPack(request.pack, { provider: 'cpu', deviceId: 0, threads: 1 });
  await warmUp(pack);
  const send = (answer: BareLoopAnswer) => process.send?.(answer);
  send({ type: 'ready' });
  await new Promise((resolve) => process.once('message', resolve));
  const { operation, sourcePath, outputStem, limits } = request;
  for (let i = 0; i < request.count; i += 1) {
    const task = { taskId: `bare-${i}`, operation, sourcePath, outputStem };
    const { files } = await runOperation({
      task,
      limits,
      pack: () => pack,
      isCancelled: () => false,
      onProgress: () => undefined,
      onShortage: () => undefined,
    });
    for (const { path } of files) await rm(path);
  }
  send({ type: 'done' });
}

process.once('message', (request: BareLoopRequest) => {
  loop(request).then(
    () => process.disconnect(),
    (error: unknown) => {
      process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
      process.exit(1);
    },
  );
});
