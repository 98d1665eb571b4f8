/**
 * Who signed a bundle. An installation makes its own key when it first exports; another one knows it by its
 * fingerprint, the SHA-256 of the 32 bytes of the public key, in `trusted-bundle-keys` of its data folder.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PackError } from '../registry.ts';

const KEY_FILE = 'bundle-signing-key.pem';
const TRUSTED_FILE = 'trusted-bundle-keys';
const FINGERPRINT = /^[0-9a-f]{64}$/;

/** The two halves of a key. */
export interface SigningKey {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** The 32 bytes of a public key. */
export function keyToBytes(key: KeyObject): Buffer {
  return Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url');
}

/** A public key of its 32 bytes. */
export function keyOfBytes(bytes: Uint8Array): KeyObject {
  const x = Buffer.from(bytes).toString('base64url');
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
}

/** How people name a public key: 64 hexadecimal digits. */
export const fingerprintOf = (publicKey: Uint8Array): string =>
  createHash('sha256').update(publicKey).digest('hex');

function readKey(path: string): SigningKey {
  try {
    const privateKey = createPrivateKey(readFileSync(path));
    if (privateKey.asymmetricKeyType !== 'ed25519') throw new Error('it is no Ed25519 key');
    return { privateKey, publicKey: createPublicKey(privateKey) };
  } catch (cause) {
    throw new PackError(`${path} cannot be used: ${(cause as Error).message}.`, { cause });
  }
}

/** The key of this installation, made when there is none; only its owner may read it. */
export function ownKey(dataDir: string): SigningKey {
  const path = join(dataDir, KEY_FILE);
  if (existsSync(path)) return readKey(path);
  mkdirSync(dataDir, { recursive: true });
  const { privateKey } = generateKeyPairSync('ed25519');
  const fresh = `${path}.${randomBytes(4).toString('hex')}`;
  try {
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
    writeFileSync(fresh, pem, { flag: 'wx', mode: 0o600, flush: true });
    linkSync(fresh, path); // of two that make one at a time the first wins
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
  } finally {
    rmSync(fresh, { force: true });
  }
  return readKey(path);
}

/** Fingerprints that the operator trusts, one a line. @throws PackError when a line is none. */
function readTrusted(dataDir: string): readonly string[] {
  const path = join(dataDir, TRUSTED_FILE);
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8')
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((line) => line !== '');
  const wrong = lines.find((line) => !FINGERPRINT.test(line));
  if (wrong === undefined) return lines;
  throw new PackError(`${path}: expected fingerprints of 64 digits, received "${wrong}".`);
}

/** Whether bundles of a signer are taken: this installation's own, and those that the operator named. */
export function isTrusted(dataDir: string, fingerprint: string): boolean {
  if (readTrusted(dataDir).includes(fingerprint)) return true;
  const path = join(dataDir, KEY_FILE);
  return existsSync(path) && fingerprintOf(keyToBytes(readKey(path).publicKey)) === fingerprint;
}

/** Trust a signer from now on. @throws PackError when it is no fingerprint. */
export function trust(dataDir: string, fingerprint: string): void {
  if (!FINGERPRINT.test(fingerprint)) {
    throw new PackError(
      `Expected a fingerprint of 64 hexadecimal digits, received "${fingerprint}".`,
    );
  }
  if (readTrusted(dataDir).includes(fingerprint)) return;
  mkdirSync(dataDir, { recursive: true });
  const path = join(dataDir, TRUSTED_FILE);
  const isOpen = existsSync(path) && !/(^|\n)$/.test(readFileSync(path, 'utf8'));
  writeFileSync(path, `${isOpen ? '\n' : ''}${fingerprint}\n`, { flag: 'a', flush: true });
}
