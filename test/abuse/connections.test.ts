/** Connections that only sit there, and methods and versions of HTTP nobody needs: cases 100 and 101. */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { exchange, openSocket, statusOf } from '../support/raw.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let garnish: TestServer;
beforeAll(async () => {
  garnish = await startTestServer({ GARNISH_ANONYMOUS_PER_MINUTE: '1000000' });
});
afterAll(() => garnish.stop());

/** Sockets that asked once, were answered, and stay. */
async function idleSockets(count: number): Promise<readonly Socket[]> {
  const sockets = Array.from({ length: count }, () => openSocket(garnish.url));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  await Promise.all(
    sockets.map(async (socket) => {
      socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
      await Promise.race([once(socket, 'data'), once(socket, 'close')]);
      socket.resume();
    }),
  );
  return sockets;
}

describe('case 100: idle keep-alive sockets', () => {
  it('a thousand do not keep others out, and are closed after their time', async () => {
    const sockets = await idleSockets(1000);
    expect(sockets.every(({ destroyed }) => !destroyed)).toBe(true);
    expect((await garnish.call('/api/models')).status).toBe(200);
    const closed = () => sockets.filter(({ destroyed }) => destroyed).length;
    await expect.poll(closed, { timeout: 20_000, interval: 200 }).toBe(1000);
  }, 60_000);

  it('as many as the server takes make room for whoever comes next', async () => {
    await idleSockets(2000);
    const startedMs = performance.now();
    expect((await garnish.call('/api/models')).status).toBe(200);
    expect(performance.now() - startedMs).toBeLessThan(5_000);
  }, 60_000);
});

describe('case 101', () => {
  const raw = (head: string) => exchange(garnish.url, `${head}\r\n\r\n`);
  const auth = () => `Authorization: Bearer ${garnish.key}`;

  it('HTTP/1.0 is served', async () => {
    const answer = await raw(`GET /api/account/credits HTTP/1.0\r\n${auth()}`);
    expect(statusOf(answer)).toBe(200);
    expect(answer).toContain('"credits"');
  });

  it('Expect: 100-continue is served or refused, any other expectation is refused', async () => {
    const body = '{"image_url": 5}';
    const lines = [
      ...['POST /api/upscale HTTP/1.1', 'Host: x', 'Connection: close', auth()],
      ...['Content-Type: application/json', `Content-Length: ${body.length}`],
    ].join('\r\n');
    const socket = openSocket(garnish.url);
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString();
    });
    socket.write(`${lines}\r\nExpect: 100-continue\r\n\r\n`);
    await expect.poll(() => text).toMatch(/^HTTP\/1\.1 100 Continue/);
    socket.write(body);
    await once(socket, 'close');
    expect(text).toContain('HTTP/1.1 400 ');
    expect(statusOf(await raw(`${lines}\r\nExpect: the-moon`))).toBe(417);
  });

  it('an upgrade to a websocket is answered as if it had not been asked for', async () => {
    const answer = await raw(
      `GET /api/account/credits HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, close\r\n${auth()}\r\n` +
        'Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    );
    expect([200, 400, 426]).toContain(statusOf(answer));
    expect(answer).not.toContain('101 Switching');
  });

  it('TRACE echoes nothing', async () => {
    const answer = await raw(
      `TRACE /api/models HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Secret: pepper\r\n${auth()}`,
    );
    expect([404, 405]).toContain(statusOf(answer));
    expect(answer).not.toContain('pepper');
  });

  it('CONNECT opens no tunnel', async () => {
    const answer = await raw('CONNECT example.com:443 HTTP/1.1\r\nHost: example.com');
    expect([0, 400, 405]).toContain(statusOf(answer));
    expect((await garnish.call('/api/models')).status).toBe(200);
  });
});
