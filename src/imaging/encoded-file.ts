/** A file that a picture was written to: its size and hash, read back from the disk. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';

/** A written file. */
export interface EncodedFile {
  readonly bytes: number;
  readonly sha256: string;
}

/** Size and hash of a file. */
export async function hashFile(path: string): Promise<EncodedFile> {
  const hash = createHash('sha256');
  let bytes = 0;
  await pipeline(createReadStream(path), async (chunks: AsyncIterable<Buffer>) => {
    for await (const chunk of chunks) {
      bytes += chunk.length;
      hash.update(chunk);
    }
  });
  return { bytes, sha256: hash.digest('hex') };
}
