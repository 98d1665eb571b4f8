/**
 * The head of a bundle: which packs follow, and for each file its size and SHA-256, signed with Ed25519.
 *
 *     garnish-bundle 1\n | length of the header, 4 bytes | public key, 32 | signature, 64 | header, JSON | files
 *
 * The signature is over the first line, the length and the header. The files follow without gaps in the order of the
 * header: of each pack those of its manifest, then its texts. So every offset is known before anything is written.
 */
import { sign, verify } from 'node:crypto';
import { z } from 'zod';
import { packLockSchema } from '../hub/pack-lock.ts';
import { type Manifest, manifestSchema } from '../manifest.ts';
import { checkPaths, isTextName, rawManifestSchema } from '../pack-json.ts';
import { assertUsable, PackError } from '../registry.ts';
import { keyOfBytes, keyToBytes, type SigningKey } from './signing-key.ts';

/** First line of every bundle of this version. */
export const MAGIC = Buffer.from('garnish-bundle 1\n');
/** What stands before the header. */
export const PREFIX_BYTES = MAGIC.length + 4 + 32 + 64;
/** Longest header that is read: some 60,000 files. */
export const MAX_HEADER_BYTES = 16 * 1024 * 1024;

const textSchema = z.strictObject({
  path: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9._-]*$/)
    .refine(isTextName, 'no licence text'),
  bytes: z.int().min(1),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});

const headerSchema = z.strictObject({
  createdAt: z.iso.datetime(),
  packs: z
    .array(
      z.strictObject({
        /** `pack.json`, every file with size and hash. */
        manifest: rawManifestSchema,
        /** `pack.lock.json` of a pack that was pulled: repository and commit. */
        lock: packLockSchema.optional(),
        /** Licence and notices beside the files. */
        texts: z.array(textSchema),
      }),
    )
    .min(1),
});

/** What stands in the header. */
export type BundleHeader = z.infer<typeof headerSchema>;

/** A file of a pack, with the place where its bytes begin in the bundle. */
export interface BundledFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly offset: number;
}

/** A pack of a bundle. */
export interface BundledPack {
  readonly manifest: Manifest;
  /** As it will be written. */
  readonly packJson: BundleHeader['packs'][number]['manifest'];
  readonly lock: BundleHeader['packs'][number]['lock'];
  readonly files: readonly BundledFile[];
}

/** A head that was read and whose signature is right. */
export interface ReadHead {
  readonly createdAt: string;
  readonly packs: readonly BundledPack[];
  /** What the whole bundle must have. */
  readonly totalBytes: number;
}

/** The first line, the length and the header: what is signed. */
function signedBytes(header: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(header.length);
  return Buffer.concat([MAGIC, length, header]);
}

/** The head of a bundle, in bytes. @throws PackError when it lists too much. */
export function writeHead(header: BundleHeader, key: SigningKey): Buffer {
  const json = Buffer.from(JSON.stringify(header));
  if (json.length > MAX_HEADER_BYTES) throw new PackError('These packs have too many files.');
  const signed = signedBytes(json);
  const fixed = signed.subarray(0, MAGIC.length + 4);
  const signature = sign(null, signed, key.privateKey);
  return Buffer.concat([fixed, keyToBytes(key.publicKey), signature, json]);
}

/** What stands before the header. */
export interface Prefix {
  readonly headerBytes: number;
  readonly publicKey: Buffer;
  readonly signature: Buffer;
}

/** @param bytes the first `PREFIX_BYTES`, or fewer. @throws Error saying why it is no bundle. */
export function readPrefix(bytes: Buffer): Prefix {
  const version = /^garnish-bundle (\d{1,9})\n/.exec(bytes.toString('latin1'))?.[1];
  if (version === undefined) throw new Error('it is no bundle of packs');
  if (version !== '1') throw new Error(`it is of version ${version}, this server reads version 1`);
  if (bytes.length < PREFIX_BYTES) throw new Error('it was cut off');
  const headerBytes = bytes.readUInt32BE(MAGIC.length);
  if (headerBytes > MAX_HEADER_BYTES) throw new Error('its header is too long');
  const publicKey = bytes.subarray(MAGIC.length + 4, MAGIC.length + 36);
  return { headerBytes, publicKey, signature: bytes.subarray(MAGIC.length + 36, PREFIX_BYTES) };
}

/** Whether the header is what the owner of the key signed. */
export function isSigned(header: Buffer, { publicKey, signature }: Prefix): boolean {
  return verify(null, signedBytes(header), keyOfBytes(publicKey), signature);
}

function packOf(entry: BundleHeader['packs'][number], start: number): BundledPack {
  const manifest = manifestSchema.parse(entry.manifest);
  assertUsable(manifest);
  let offset = start;
  const files = [...manifest.files, ...entry.texts].map(({ path, bytes, sha256 }) => {
    if (bytes === undefined || sha256 === undefined) {
      throw new PackError(`${manifest.id}: ${path} has no size and hash.`);
    }
    const file = { path, bytes, sha256, offset };
    offset += bytes;
    return file;
  });
  const paths = files.map(({ path }) => path);
  checkPaths(manifest.id, paths);
  return { manifest, packJson: entry.manifest, lock: entry.lock, files };
}

/** Bytes of a pack's files. */
export const bytesOf = ({ files }: BundledPack): number =>
  files.reduce((sum, { bytes }) => sum + bytes, 0);

/** The packs of a header whose signature is right. @throws Error saying what is wrong with it. */
export function readHeader(header: Buffer): ReadHead {
  const { createdAt, packs: entries } = headerSchema.parse(JSON.parse(header.toString('utf8')));
  const packs: BundledPack[] = [];
  let totalBytes = PREFIX_BYTES + header.length;
  for (const entry of entries) {
    const pack = packOf(entry, totalBytes);
    if (packs.some(({ manifest }) => manifest.id === pack.manifest.id)) {
      throw new PackError(`the pack ${pack.manifest.id} is there twice`);
    }
    totalBytes += bytesOf(pack);
    if (!Number.isSafeInteger(totalBytes)) throw new PackError('its files are too large');
    packs.push(pack);
  }
  return { createdAt, packs, totalBytes };
}
