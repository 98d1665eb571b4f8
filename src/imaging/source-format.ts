/** Tells a picture's format by its first bytes; what a caller or a server says of it does not count. */

/** Formats that are told apart; HEIC only to be refused with advice. */
export type SourceFormat = 'jpeg' | 'png' | 'webp' | 'avif' | 'tiff' | 'gif' | 'heic';

/** Formats that are read. */
export type ReadableFormat = Exclude<SourceFormat, 'heic'>;

const AVIF_BRANDS: readonly string[] = ['avif', 'avis'];
const HEIC_BRANDS: readonly string[] = ['heic', 'heix', 'heim', 'heis', 'hevc', 'hevx', 'hevm'];

function fromIsoBox(header: Buffer): SourceFormat | undefined {
  if (header.toString('latin1', 4, 8) !== 'ftyp') return undefined;
  const major = header.toString('latin1', 8, 12);
  const compatible = [16, 20, 24, 28].map((at) => header.toString('latin1', at, at + 4));
  const brands = [major, ...compatible];
  if (brands.some((brand) => AVIF_BRANDS.includes(brand))) return 'avif';
  if (brands.some((brand) => HEIC_BRANDS.includes(brand))) return 'heic';
  return undefined;
}

/**
 * The format of a file.
 * @param header Its first 32 bytes, or all of a shorter file.
 * @returns undefined for everything that is not read here.
 */
export function sniffFormat(header: Buffer): SourceFormat | undefined {
  const starts = (...bytes: readonly number[]) =>
    bytes.every((expected, i) => header[i] === expected);
  if (starts(0xff, 0xd8, 0xff)) return 'jpeg';
  if (starts(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)) return 'png';
  if (starts(0x49, 0x49, 0x2a, 0x00) || starts(0x4d, 0x4d, 0x00, 0x2a)) return 'tiff';
  const text = header.toString('latin1', 0, 12);
  if (text.startsWith('GIF87a') || text.startsWith('GIF89a')) return 'gif';
  if (text.startsWith('RIFF') && text.endsWith('WEBP')) return 'webp';
  return fromIsoBox(header);
}
