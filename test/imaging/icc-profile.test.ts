/** Names of profiles that are written here byte by byte, of both versions, and of broken ones. */
import { expect, it } from 'vitest';
import { profileNameOf } from '../../src/imaging/icc-profile.ts';

const number = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

/** A profile with one tag, which comes after another that nobody asks for. */
function profile(tag: Buffer, bytes = tag.length): Buffer {
  const tags = [
    Buffer.from('wtpt'),
    number(0),
    number(0),
    Buffer.from('desc'),
    number(156),
    number(bytes),
  ];
  return Buffer.concat([Buffer.alloc(128), number(2), ...tags, tag]);
}
const version2 = (name: string) =>
  Buffer.concat([
    Buffer.from('desc'),
    number(0),
    number(name.length + 1),
    Buffer.from(`${name}\0`),
  ]);
const version4 = (name: string) => {
  const text = Buffer.from(name, 'utf16le').swap16();
  const head = [Buffer.from('mluc'), number(0), number(1), number(12), Buffer.from('enUS')];
  return Buffer.concat([...head, number(text.length), number(28), text]);
};

it.each([
  ['of version 2', version2('Adobe RGB (1998)'), 'Adobe RGB (1998)'],
  ['of version 4', version4('Display P3'), 'Display P3'],
  ['beyond ASCII', version4('Süßrand'), 'Süßrand'],
  ['that is empty', version2(''), undefined],
  ['of another type', Buffer.from('text....name'), undefined],
])('reads a name %s', (_what, tag, name) => {
  expect(profileNameOf(profile(tag))).toBe(name);
});

it('reads no name of what is broken, and never fails', () => {
  const whole = profile(version4('Display P3'));
  for (let bytes = 0; bytes < whole.length; bytes += 1) {
    const name = profileNameOf(whole.subarray(0, bytes)) ?? '';
    expect('Display P3'.startsWith(name)).toBe(true);
  }
  expect(profileNameOf(profile(version2('x'), 0xffffffff))).toBe('x');
  expect(profileNameOf(Buffer.alloc(400, 0xff))).toBeUndefined();
});
