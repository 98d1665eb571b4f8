/** Where the CUDA provider of onnxruntime-node would lie; npm does not install it by itself. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const LIBRARY = 'libonnxruntime_providers_cuda.so';

/** Whether the provider's library is beside the runtime. That it works is for a warm-up to show. */
export function isCudaProviderInstalled(): boolean {
  const root = dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'));
  return existsSync(join(root, 'bin', 'napi-v6', process.platform, process.arch, LIBRARY));
}
