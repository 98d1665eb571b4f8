/** Self-signed Ed25519 certificates for tests, written in DER by hand (RFC 5280, RFC 8410). */
import { generateKeyPairSync, sign } from 'node:crypto';

const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const OID = 0x06;
const UTF8_STRING = 0x0c;
const GENERALIZED_TIME = 0x18;
const SEQUENCE = 0x30;
const SET = 0x31;
const VERSION = 0xa0;
const EXTENSIONS = 0xa3;
const DNS_NAME = 0x82;

function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  const { length } = body;
  const head = length < 128 ? [tag, length] : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(head), body]);
}

const oid = (hex: string): Buffer => der(OID, Buffer.from(hex, 'hex'));
const ED25519 = der(SEQUENCE, oid('2b6570'));
const time = (date: Date): Buffer =>
  der(GENERALIZED_TIME, Buffer.from(`${date.toISOString().replace(/[-:T]|\.\d+/g, '')}`));

/** A certificate and its key, both PEM. */
export interface SelfSigned {
  readonly cert: string;
  readonly key: string;
}

/** Make a certificate for a host name, valid from yesterday until a day. */
export function selfSigned(host: string, until: Date): SelfSigned {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const name = der(
    SEQUENCE,
    der(SET, der(SEQUENCE, oid('550403'), der(UTF8_STRING, Buffer.from(host)))),
  );
  const altName = der(SEQUENCE, der(DNS_NAME, Buffer.from(host)));
  const toSign = der(
    SEQUENCE,
    der(VERSION, der(INTEGER, Buffer.from([2]))), // X.509 v3
    der(INTEGER, Buffer.from([1])),
    ED25519,
    name,
    der(SEQUENCE, time(new Date(Date.now() - 86_400_000 * 2)), time(until)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(
      EXTENSIONS,
      der(SEQUENCE, der(SEQUENCE, oid('551d11'), der(OCTET_STRING, altName))), // subjectAltName
    ),
  );
  const signature = der(BIT_STRING, Buffer.from([0]), sign(null, toSign, privateKey));
  const encoded = der(SEQUENCE, toSign, ED25519, signature).toString('base64');
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${encoded.replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}
