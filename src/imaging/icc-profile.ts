/**
 * The name that an ICC profile gives itself: its `desc` tag, as text of version 2 or as `mluc` of version 4
 * (ICC.1:2022, 9.2.41 and 10.15; ICC.1:2001-04, 6.5.17).
 */

const HEADER_BYTES = 128;
const TAG_BYTES = 12;
/** More tags than any profile has. */
const MAX_TAGS = 100;
const MAX_NAME_BYTES = 256;

/** Where the `desc` tag lies. */
function descriptionOf(profile: Buffer): Buffer | undefined {
  const count = Math.min(MAX_TAGS, profile.readUInt32BE(HEADER_BYTES));
  for (let i = 0; i < count; i += 1) {
    const at = HEADER_BYTES + 4 + i * TAG_BYTES;
    if (profile.toString('latin1', at, at + 4) !== 'desc') continue;
    const offset = profile.readUInt32BE(at + 4);
    return profile.subarray(offset, offset + profile.readUInt32BE(at + 8));
  }
  return undefined;
}

/** Text in big-endian UTF-16. */
function utf16(bytes: Buffer): string {
  const even = Buffer.from(bytes.subarray(0, bytes.length - (bytes.length % 2)));
  return even.swap16().toString('utf16le');
}

function textOf(tag: Buffer): string {
  const type = tag.toString('latin1', 0, 4);
  if (type === 'desc') {
    return tag.toString('latin1', 12, 12 + Math.min(MAX_NAME_BYTES, tag.readUInt32BE(8)));
  }
  if (type !== 'mluc') return '';
  const bytes = Math.min(MAX_NAME_BYTES, tag.readUInt32BE(20)); // of the first language
  const offset = tag.readUInt32BE(24);
  return utf16(tag.subarray(offset, offset + bytes));
}

/**
 * The name of a profile.
 * @param profile The whole profile.
 * @returns undefined when it has none that can be read.
 */
export function profileNameOf(profile: Buffer): string | undefined {
  try {
    const tag = descriptionOf(profile);
    const name = tag === undefined ? '' : textOf(tag).split('\0', 1)[0]?.trim();
    return name === '' ? undefined : name;
  } catch (error) {
    if (error instanceof RangeError) return undefined; // cut off, or an offset that leads outside
    throw error;
  }
}
