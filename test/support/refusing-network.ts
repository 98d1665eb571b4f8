/** A module for `--import` that refuses every name and every connection, and writes down what was asked for. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const SOURCE = `
import dns from 'node:dns';
import dgram from 'node:dgram';
import net from 'node:net';
import { appendFileSync } from 'node:fs';
const refuse = (what) => { appendFileSync(process.env.ASKED, what + '\\n'); throw new Error('refused ' + what); };
for (const name of ['lookup', 'resolve', 'resolve4', 'resolve6']) {
  for (const resolver of [dns, dns.promises]) {
    const resolve = resolver[name];
    // An address to listen on is given to the resolver too, which has nothing to ask then.
    resolver[name] = (host, ...more) => net.isIP(host) ? resolve(host, ...more) : refuse('name ' + host);
  }
}
dgram.createSocket = () => refuse('datagram socket');
const connect = net.Socket.prototype.connect;
net.Socket.prototype.connect = function (...given) {
  const [options] = Array.isArray(given[0]) ? given[0] : given;
  if (options?.path !== undefined) return connect.apply(this, given); // the loader's own pipe
  return refuse('socket');
};
`;

/** What a process runs with, and what it asked for. */
export interface RefusingNetwork {
  readonly env: Readonly<Record<string, string>>;
  /** A line for each name and connection; empty: none. */
  asked(): string;
}

/** Refuse the network to processes with this environment, and to those that they start. */
export function refuseNetwork(folder: string): RefusingNetwork {
  const refusing = join(folder, 'refusing.mjs');
  const log = join(folder, 'asked');
  writeFileSync(refusing, SOURCE);
  return {
    env: { NODE_OPTIONS: `--import ${refusing}`, ASKED: log },
    asked: () => (existsSync(log) ? readFileSync(log, 'utf8') : ''),
  };
}
