/** Runs a task: finds its operation and turns what the imaging layer throws into the protocol's kinds. */
import type { EngineResult } from '../../engine/protocol.ts';
import { PictureError } from '../../imaging/codec.ts';
import { OperationError } from '../operation-error.ts';
import { isOutOfMemory } from '../out-of-memory.ts';
import type { OperationContext } from './context.ts';
import { enhance } from './enhance.ts';
import { generate } from './generate.ts';
import { inspect } from './inspect.ts';
import { measure } from './measure.ts';
import { removeBackground } from './remove-background.ts';
import { upscale } from './upscale.ts';

function dispatch(context: OperationContext): Promise<EngineResult> {
  const { operation } = context.task;
  switch (operation.operation) {
    case 'inspect':
      return inspect(context);
    case 'measure':
      return measure(context);
    case 'remove-background':
      return removeBackground(context, operation);
    case 'enhance':
      return enhance(context, operation);
    case 'upscale':
      return upscale(context, operation);
    case 'generate':
      return generate(context, operation);
    default:
      return operation satisfies never;
  }
}

/** How Node and libvips tell that the disk has no room. */
const NO_ROOM = /ENOSPC|EDQUOT|No space left on device|Disk quota exceeded/;

/**
 * Carry out one task.
 * @throws OperationError for every failure.
 */
export async function runOperation(context: OperationContext): Promise<EngineResult> {
  try {
    return await dispatch(context);
  } catch (error) {
    if (error instanceof OperationError) throw error;
    if (error instanceof PictureError) throw new OperationError('invalid_image', error.message);
    if (isOutOfMemory(error)) {
      throw new OperationError('out_of_memory', (error as Error).message);
    }
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
    if (NO_ROOM.test(reason)) throw new OperationError('storage_full', reason);
    throw new OperationError('internal', reason);
  }
}
