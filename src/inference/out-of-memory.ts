/**
 * Telling that memory ran out from every other failure. onnxruntime-node rejects with a plain Error whose text alone
 * says so: its arena's (core/framework/bfc_arena.cc), the C++ library's, or what CUDA, cuBLAS and cuDNN answer
 * (core/providers/cuda/cuda_call.cc). A session whose allocation failed stays usable.
 */

const SIGNS =
  /Failed to allocate memory|std::bad_alloc|bad allocation|\bCUDA (?:failure|error) 2\b|out of memory|STATUS_ALLOC_FAILED|Array buffer allocation failed/i;

/** The device, or the process, has no memory for this. */
export class OutOfMemory extends Error {
  override readonly name = 'OutOfMemory';
}

/** Whether memory ran out: by class or text, of the error or of what caused it. */
export function isOutOfMemory(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return error instanceof OutOfMemory || SIGNS.test(error.message) || isOutOfMemory(error.cause);
}

/** Run native work; that memory ran out is told by its class. @throws OutOfMemory, or what the work throws. */
export async function tellingOutOfMemory<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isOutOfMemory(error)) throw error;
    throw new OutOfMemory((error as Error).message, { cause: error });
  }
}
