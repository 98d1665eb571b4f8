/** Every way to write one IPv4 address as the host of a URL, and every IPv6 form that carries it. */

type Octets = readonly [number, number, number, number];

export const octetsOf = (address: string): Octets => {
  const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number);
  return [a, b, c, d];
};

const numberOf = ([a, b, c, d]: Octets): number => ((a * 256 + b) * 256 + c) * 256 + d;

const BASES: readonly ((value: number) => string)[] = [
  (value) => String(value),
  (value) => `0x${value.toString(16)}`,
  (value) => `0${value.toString(8)}`,
];

/** Each part in each base. */
function inEveryBase(parts: readonly number[]): readonly string[] {
  return parts.reduce<readonly string[]>(
    (heads, part, index) =>
      heads.flatMap((head) => BASES.map((base) => `${head}${index === 0 ? '' : '.'}${base(part)}`)),
    [''],
  );
}

const mapDigits = (text: string, map: (digit: number) => string): string =>
  text.replace(/\d/g, (digit) => map(Number(digit)));

/** Spellings that the URL standard turns into the same dotted quad; more than 120. */
export function ipv4Spellings(address: string): readonly string[] {
  const octets = octetsOf(address);
  const [a, b, c, d] = octets;
  const whole = numberOf(octets);
  const numeric = [
    ...inEveryBase([a, b, c, d]),
    ...inEveryBase([a, b, c * 256 + d]),
    ...inEveryBase([a, b * 65536 + c * 256 + d]),
    ...inEveryBase([whole]),
    `0X${whole.toString(16).toUpperCase().padStart(8, '0')}`,
    `0x00000000${whole.toString(16)}`,
    `000${whole.toString(8)}`,
    `0000${a.toString(8)}.${b}.${c}.${d}`,
  ];
  const dressed = [address, String(whole)].flatMap((text) => [
    mapDigits(text, (digit) => String.fromCodePoint(0xff10 + digit)), // full width
    mapDigits(text, (digit) => String.fromCodePoint(0x1d7d8 + digit)), // double struck
    mapDigits(text, (digit) => (digit === 0 ? '⓪' : String.fromCodePoint(0x245f + digit))),
    mapDigits(text, (digit) => `%3${digit}`),
    text.replaceAll('.', '。'), // ideographic full stop
    text.replaceAll('.', '．'),
    text.replaceAll('.', '%2e'),
    `${text}.`,
  ]);
  return [...new Set([...numeric, ...dressed])];
}

const word = (high: number, low: number): string => (high * 256 + low).toString(16);

/** IPv6 addresses, without brackets, that carry the IPv4 address in a known way. */
export function ipv6Embeddings(address: string): readonly string[] {
  const [a, b, c, d] = octetsOf(address);
  const hex = `${word(a, b)}:${word(c, d)}`;
  const inverted = `${word(255 - a, 255 - b)}:${word(255 - c, 255 - d)}`;
  return [
    `::ffff:${address}`, // mapped, RFC 4291
    `::ffff:${hex}`,
    `0:0:0:0:0:FFFF:${hex}`,
    `::${address}`, // compatible, RFC 4291
    `::${hex}`,
    `::ffff:0:${hex}`, // translated, RFC 2765
    `64:ff9b::${hex}`, // NAT64, RFC 6052
    `64:ff9b::${address}`,
    `64:ff9b:1::${hex}`, // NAT64 of one network, RFC 8215
    `64:ff9b:1:abcd:ef01::${hex}`,
    `2002:${hex}::`, // 6to4, RFC 3056
    `2002:${hex}::${hex}`,
    `2002:${hex}:1:2:3:4:5`,
    `2001:0:4136:e378:8000:63bf:${inverted}`, // Teredo client, RFC 4380
    `2001:0:${hex}:0:0:0:0`, // Teredo server
    `2606:2800:220:1:0:5efe:${hex}`, // ISATAP, RFC 5214
    `2606:2800:220:1:200:5efe:${hex}`,
    `fe80::5efe:${hex}`,
    `fe80::200:5efe:${hex}`,
  ];
}
