/** Keys that bundles are signed with, and whose are believed. */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import { isTrusted, ownKey, trust } from '../../../src/packs/bundle/signing-key.ts';
import { scratch } from '../hub/fixture.ts';
import { signerOf } from './fixture.ts';

let dataDir: string;
beforeEach(() => {
  dataDir = join(scratch(), 'data');
});

it('a key is made once, for its owner alone', () => {
  const signer = signerOf(dataDir);
  expect(signer).toMatch(/^[0-9a-f]{64}$/);
  expect(signerOf(dataDir)).toBe(signer);
  expect(signerOf(join(dataDir, 'other'))).not.toBe(signer);
  expect(statSync(join(dataDir, 'bundle-signing-key.pem')).mode & 0o777).toBe(0o600);
  expect(readdirSync(dataDir)).toEqual(['bundle-signing-key.pem', 'other']);
});

it('a key that is none is named, and not replaced', () => {
  ownKey(dataDir);
  writeFileSync(join(dataDir, 'bundle-signing-key.pem'), 'x');
  expect(() => ownKey(dataDir)).toThrow(/bundle-signing-key\.pem cannot be used/);
  expect(readFileSync(join(dataDir, 'bundle-signing-key.pem'), 'utf8')).toBe('x');
});

it('the own key and those that the operator named are believed, others are not', () => {
  const other = 'ab'.repeat(32);
  expect(isTrusted(dataDir, other)).toBe(false);
  expect(isTrusted(dataDir, signerOf(dataDir))).toBe(true);
  trust(dataDir, other);
  trust(dataDir, other);
  expect(isTrusted(dataDir, other)).toBe(true);
  expect(isTrusted(dataDir, 'cd'.repeat(32))).toBe(false);
  const path = join(dataDir, 'trusted-bundle-keys');
  expect(readFileSync(path, 'utf8')).toBe(`${other}\n`);
  writeFileSync(path, `# head office\n${other} # since May`);
  trust(dataDir, 'cd'.repeat(32));
  expect(isTrusted(dataDir, other) && isTrusted(dataDir, 'cd'.repeat(32))).toBe(true);
});

it('what is no fingerprint is refused', () => {
  expect(() => trust(dataDir, 'AB')).toThrow('Expected a fingerprint');
  ownKey(dataDir);
  writeFileSync(join(dataDir, 'trusted-bundle-keys'), 'everybody\n');
  expect(() => isTrusted(dataDir, 'ab'.repeat(32))).toThrow('received "everybody"');
});
