/** HTTP by hand, for requests that no client library would send. */

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** Open a socket to a server. */
export function openSocket(url: string): Socket {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined); // the server may hang up; what counts is what it said
  return socket;
}

/** Everything a socket receives until it is closed. */
export async function received(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
  });
  await once(socket, 'close');
  return text;
}

/** Send bytes and read until the server closes. */
export async function exchange(url: string, bytes: string | Buffer): Promise<string> {
  const socket = openSocket(url);
  const answer = received(socket);
  socket.write(bytes);
  return await answer;
}

/** Status of a raw answer. */
export const statusOf = (answer: string): number =>
  Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0);
