/** Names that cannot be guessed. */
import { randomInt } from 'node:crypto';

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';
const LENGTH = 26;

/** 26 random characters of [a-z0-9], 134 bits. */
export const randomName = (): string =>
  Array.from({ length: LENGTH }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');

/** `<prefix>_` and a random name. */
export const randomId = (prefix: string): string => `${prefix}_${randomName()}`;
