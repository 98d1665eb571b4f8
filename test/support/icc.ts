/** ICC profiles of the simplest kind, ICC.1:2001-04: three colorants and a gamma. */
import { Buffer } from 'node:buffer';

type Xyz = readonly [number, number, number];

/** What a profile says; colorants as XYZ of D50. */
export interface MatrixProfile {
  readonly name: string;
  readonly red: Xyz;
  readonly green: Xyz;
  readonly blue: Xyz;
  readonly gamma: number;
}

/** Adobe RGB (1998), adapted to D50. */
export const ADOBE_RGB: MatrixProfile = {
  name: 'Compatible with Adobe RGB (1998)',
  red: [0.60974, 0.31111, 0.01947],
  green: [0.20528, 0.62567, 0.06087],
  blue: [0.14919, 0.06322, 0.74457],
  gamma: 2.19921875,
};

const WHITE: Xyz = [0.9642, 1, 0.8249];

const bytes = (...parts: readonly (string | Buffer)[]): Buffer =>
  Buffer.concat(
    parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part)),
  );

function numbers(...values: readonly number[]): Buffer {
  const buffer = Buffer.alloc(values.length * 4);
  for (const [i, value] of values.entries()) buffer.writeUInt32BE(value, i * 4);
  return buffer;
}

/** s15Fixed16. */
const fixed = (values: Xyz): Buffer => numbers(...values.map((value) => Math.round(value * 65536)));
const xyz = (values: Xyz): Buffer => bytes('XYZ ', numbers(0), fixed(values));

function curve(gamma: number): Buffer {
  const value = Buffer.alloc(4); // u8Fixed8, padded to four bytes
  value.writeUInt16BE(Math.round(gamma * 256));
  return bytes('curv', numbers(0, 1), value);
}

function text(name: string): Buffer {
  const ascii = bytes(name, '\0');
  const tag = bytes('desc', numbers(0, ascii.length), ascii, numbers(0, 0), Buffer.alloc(70));
  return bytes(tag, Buffer.alloc((4 - (tag.length % 4)) % 4));
}

/** The bytes of a profile. */
export function matrixProfile({ name, red, green, blue, gamma }: MatrixProfile): Buffer {
  const tags: readonly (readonly [string, Buffer])[] = [
    ['desc', text(name)],
    ['cprt', bytes('text', numbers(0), 'none')],
    ['wtpt', xyz(WHITE)],
    ['rXYZ', xyz(red)],
    ['gXYZ', xyz(green)],
    ['bXYZ', xyz(blue)],
    ['rTRC', curve(gamma)],
    ['gTRC', curve(gamma)],
    ['bTRC', curve(gamma)],
  ];
  let offset = 128 + 4 + tags.length * 12;
  const table = tags.map(([signature, data]) => {
    const entry = bytes(signature, numbers(offset, data.length));
    offset += data.length;
    return entry;
  });
  const header = Buffer.alloc(128);
  header.writeUInt32BE(offset, 0);
  header.writeUInt32BE(0x02100000, 8);
  header.write('mntrRGB XYZ ', 12, 'latin1');
  header.write('acsp', 36, 'latin1');
  fixed(WHITE).copy(header, 68);
  return bytes(header, numbers(tags.length), ...table, ...tags.map(([, data]) => data));
}
