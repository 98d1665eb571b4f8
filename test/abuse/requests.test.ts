/** Bad requests, cases 1-37, 39 and 53-56 of the abuse list: a clear answer, and never a charge. */
import { once } from 'node:events';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { drawPlate, encoded } from '../support/pictures.ts';
import { exchange, openSocket, received, statusOf } from '../support/raw.ts';
import { codeOf, startTestServer, type TestServer } from '../support/server.ts';

let garnish: TestServer;
let imageUrl: string;

beforeAll(async () => {
  garnish = await startTestServer({
    GARNISH_ANONYMOUS_PER_MINUTE: '1000000',
    GARNISH_REQUEST_TIMEOUT_S: '2',
  });
  imageUrl = await garnish.upload(await encoded(drawPlate(32, 32)));
});
afterAll(() => garnish.stop());

type Headers = Record<string, string>;
const JSON_TYPE: Headers = { 'Content-Type': 'application/json' };

const send = (body: string | Buffer, headers: Headers = JSON_TYPE, path = '/api/upscale') =>
  garnish.call(path, { method: 'POST', body: body as string, headers });

/** Case, what is sent, and what must come back. */
type BodyRow = readonly [
  name: string,
  body: string | Buffer,
  status: number,
  code: string,
  headers?: Headers,
];

const bodies: readonly BodyRow[] = [
  ['1 body cut in the middle', '{"image_url": "htt', 400, 'invalid_json'],
  ['2 empty body', '', 400, 'invalid_request'],
  ['3 null', 'null', 400, 'invalid_request'],
  ['3 array', '[]', 400, 'invalid_request'],
  ['3 string', '"x"', 400, 'invalid_request'],
  ['3 number', '5', 400, 'invalid_request'],
  ['4 wrong Content-Type', '{}', 415, 'unsupported_media_type', { 'Content-Type': 'text/plain' }],
  ['4 no Content-Type', Buffer.from('{}'), 415, 'unsupported_media_type', {}],
  [
    '5 unknown charset',
    '{}',
    415,
    'unsupported_media_type',
    { 'Content-Type': 'application/json; charset=klingon' },
  ],
  [
    '6 unknown Content-Encoding',
    '{}',
    415,
    'unsupported_media_type',
    { ...JSON_TYPE, 'Content-Encoding': 'snappy' },
  ],
  ['7 body over the limit', `"${'x'.repeat(65_536)}"`, 413, 'payload_too_large'],
  [
    '8 gzip of 100 MB of zeros',
    gzipSync(Buffer.alloc(100_000_000)),
    413,
    'payload_too_large',
    { ...JSON_TYPE, 'Content-Encoding': 'gzip' },
  ],
  ['15 nested 30,000 deep', `${'['.repeat(30_000)}${']'.repeat(30_000)}`, 400, 'invalid_request'],
  ['16 a typo leaves the field missing', '{"image_ulr": "x"}', 400, 'invalid_request'],
  [
    '16 unknown option',
    '{"image_url": "https://a.example/", "options": {"fromat": "png"}}',
    400,
    'invalid_request',
  ],
  [
    '17 __proto__ among the options',
    '{"image_url": "https://a.example/", "options": {"__proto__": {"x": 1}}}',
    400,
    'invalid_request',
  ],
  ['18 the last of two keys counts', '{"scale": 2, "scale": 3}', 400, 'invalid_request'],
  [
    '19 number as string',
    '{"image_url": "https://a.example/", "scale": "2"}',
    400,
    'invalid_request',
  ],
  [
    '19 boolean as number',
    '{"image_url": "https://a.example/", "scale": true}',
    400,
    'invalid_request',
  ],
  ['19 url as number', '{"image_url": 5}', 400, 'invalid_request'],
  ['20 NaN', '{"image_url": "https://a.example/", "scale": NaN}', 400, 'invalid_json'],
  ['20 1e999', '{"image_url": "https://a.example/", "scale": 1e999}', 400, 'invalid_request'],
  ['20 fraction', '{"image_url": "https://a.example/", "scale": 2.5}', 400, 'invalid_request'],
  ['31 scale 3', '{"image_url": "https://a.example/", "scale": 3}', 400, 'invalid_request'],
  ['31 scale 0', '{"image_url": "https://a.example/", "scale": 0}', 400, 'invalid_request'],
  ['31 scale 1e6', '{"image_url": "https://a.example/", "scale": 1e6}', 400, 'invalid_request'],
  ['32 no source at all', '{}', 400, 'invalid_request'],
  ['26 invalid UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]), 400, 'invalid_json'],
];

for (const [name, body, status, code, headers = JSON_TYPE] of bodies) {
  it(`case ${name}`, async () => {
    const before = garnish.balance();
    const answer = await send(body, headers);
    expect([answer.status, codeOf(answer)]).toEqual([status, code]);
    expect(garnish.balance()).toBe(before);
  });
}

describe('fields outside the contract', () => {
  it.each([
    ['16 unknown field', { promt: 1 }],
    ['21 width and height', { width: -1, height: 100_000 }],
    ['29 model of another route', { model: 'flux-2-pro' }],
    ['32 image beside image_url', { image: 'data:image/png;base64,AA' }],
    ['94 mask', { mask: 'x' }],
  ])('case %s is ignored', async (_name, extra) => {
    const answer = await garnish.post('/api/upscale', { image_url: imageUrl, ...extra });
    expect(answer.status).toBe(200);
  });

  it('case 17: __proto__ and constructor pollute nothing', async () => {
    const body = `{"image_url": "${imageUrl}", "__proto__": {"polluted": 1}, "constructor": {"x": 1}}`;
    expect((await send(body)).status).toBe(200);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it.each([
    ['shadow', { shadow: 2 }],
    ['shadow', { shadow: 'soft' }],
    ['shadow', { shadow: true, output: 'mask' }],
    ['crop', { crop: 1 }],
    ['margin', { crop: true, margin: 0.6 }],
    ['margin', { crop: true, margin: -0.1 }],
    ['margin', { margin: 0.1 }],
    ['align', { align: 'middle', width: 64, height: 64 }],
    ['align', { align: 'top', width: 64 }],
    ['width', { width: 15 }],
    ['width', { width: 8193 }],
    ['height', { height: 64.5 }],
    ['background', { background: 'table.jpg' }],
    ['background', { background: 'https://example.com/table.jpg', output: 'mask' }],
    ['background', { background: 'blur', output: 'mask' }],
    ['background', { background: 'blurred' }],
  ])('case 21: options.%s as in %j is refused by name', async (option, options) => {
    const answer = await garnish.post('/api/remove-background', { image_url: imageUrl, options });
    expect([answer.status, codeOf(answer)]).toEqual([400, 'invalid_request']);
    expect(answer.text).toContain(`options.${option}`);
  });

  it('a result that would be too large or too long is refused, and costs nothing', async () => {
    const before = await garnish.call('/api/account/credits');
    const options = { width: 8192, height: 8192 };
    const answer = await garnish.post('/api/remove-background', { image_url: imageUrl, options });
    expect([answer.status, codeOf(answer)]).toEqual([400, 'invalid_request']);
    expect(answer.text).toMatch(/8192x8192/);
    // 16 times as wide as high: its pixels would be few enough, its width is more than WebP holds.
    const strip = await garnish.upload(await encoded(drawPlate(320, 20)));
    const long = { image_url: strip, options: { height: 1100, format: 'webp' } };
    const refused = await garnish.post('/api/remove-background', long);
    expect([refused.status, codeOf(refused)]).toEqual([400, 'invalid_request']);
    expect(refused.text).toMatch(/17600x1100/);
    const after = await garnish.call('/api/account/credits');
    expect(after.json?.['credits']).toBe(before.json?.['credits']);
  });
});

describe('generate', () => {
  const good = { prompt: 'Pad thai' };
  it.each([
    ['22 steps 0', { ...good, options: { steps: 0 } }],
    ['22 steps 1e9', { ...good, options: { steps: 1e9 } }],
    ['22 guidance -1', { ...good, options: { guidance_scale: -1 } }],
    ['22 guidance 1e9', { ...good, options: { guidance_scale: 1e9 } }],
    ['22 count 0', { ...good, count: 0 }],
    ['22 count 1e6', { ...good, count: 1e6 }],
    ['23 seed negative', { ...good, seed: -1 }],
    ['23 seed fraction', { ...good, seed: 1.5 }],
    ['23 seed over 2^53', { ...good, seed: 2 ** 53 + 2 }],
    ['24 prompt missing', {}],
    ['24 prompt empty', { prompt: '' }],
    ['24 prompt of spaces', { prompt: ' \t\n ' }],
    ['24 prompt of zero-width characters', { prompt: '\u200b\u200d\ufeff' }],
    ['25 prompt of 2,001 characters', { prompt: 'x'.repeat(2001) }],
    ['26 prompt with NUL', { prompt: 'a\0b' }],
    ['26 prompt with a lone surrogate', { prompt: 'a\ud800' }],
    ['26 prompt with combining marks', { prompt: `a${'\u0301'.repeat(1000)}` }],
    ['26 prompt with a direction override', { prompt: 'a\u202eb' }],
    ['28 unknown model', { ...good, model: 'dall-e' }],
    ['28 model as a path', { ...good, model: '../../etc/passwd' }],
    ['28 model as a property', { ...good, model: 'constructor' }],
  ])('case %s', async (_name, body) => {
    const answer = await garnish.post('/api/generate', body);
    expect([answer.status, codeOf(answer)]).toEqual([400, 'invalid_request']);
  });

  it('case 25: a prompt of 1 MB', async () => {
    const answer = await garnish.post('/api/generate', { prompt: 'x'.repeat(1_000_000) });
    expect([answer.status, codeOf(answer)]).toEqual([413, 'payload_too_large']);
  });

  it.each([
    ['20 seed -0', { ...good, seed: -0 }],
    ['25 prompt of 2,000 characters', { prompt: '🍕'.repeat(2000) }],
    ["27 a tokenizer's special tokens", { prompt: '<|endoftext|> </s> [MASK]' }],
    ['30 a model that is listed but not there', { ...good, model: 'seeddream' }],
  ])('case %s passes the checks and finds no pack', async (_name, body) => {
    const answer = await garnish.post('/api/generate', body);
    expect([answer.status, codeOf(answer)]).toEqual([503, 'model_unavailable']);
    expect(answer.headers.get('retry-after')).not.toBeNull();
  });
});

describe('keys', () => {
  const models = (headers: Headers) => garnish.call('/api/account/credits', { key: null, headers });

  it.each([
    ['33 none', {}],
    ['34 Basic', { Authorization: 'Basic eDp5' }],
    ['34 no scheme', { Authorization: 'garnish_x' }],
    ['35 unknown', { Authorization: `Bearer garnish_${'A'.repeat(49)}` }],
    ['35 malformed', { Authorization: 'Bearer x' }],
    ['36 very long', { Authorization: `Bearer ${'A'.repeat(10_000)}` }],
  ])('case %s', async (_name, headers) => {
    const answer = await models(headers);
    expect([answer.status, codeOf(answer)]).toEqual([401, 'unauthorized']);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
  });

  it('case 35: revoked and expired keys are answered as unknown ones', async () => {
    const { keys } = garnish.server.books;
    const revoked = keys.create(garnish.accountId);
    keys.revoke(revoked.id);
    const expired = keys.create(garnish.accountId, { expiresAt: Date.now() - 1 });
    const unknown = await models({ Authorization: `Bearer garnish_${'A'.repeat(49)}` });
    for (const { key } of [revoked, expired]) {
      const answer = await models({ Authorization: `Bearer ${key}` });
      expect([answer.status, answer.text]).toEqual([401, unknown.text]);
    }
  });

  it('case 34: the scheme in lower case is the same scheme', async () => {
    expect((await models({ Authorization: `bearer ${garnish.key}` })).status).toBe(200);
  });

  it('case 34: a key in the query does not count', async () => {
    const answer = await garnish.call(`/api/account/credits?key=${garnish.key}`, { key: null });
    expect(answer.status).toBe(401);
  });

  it('case 34: two headers are none', async () => {
    const header = `Authorization: Bearer ${garnish.key}\r\n`;
    const answer = await exchange(
      garnish.url,
      `GET /api/account/credits HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${header}${header}\r\n`,
    );
    expect(statusOf(answer)).toBe(401);
  });

  it.each([
    ['36 with NUL', '\0'],
    ['36 with a bare CR', '\r'],
  ])('case %s', async (_name, character) => {
    const answer = await exchange(
      garnish.url,
      `GET /api/account/credits HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer a${character}b\r\n\r\n`,
    );
    expect([400, 401]).toContain(statusOf(answer));
  });

  it('case 37: wrong keys from one address run into its limit', async () => {
    const other = await startTestServer({ GARNISH_ANONYMOUS_PER_MINUTE: '60' });
    try {
      const answers = await Promise.all(
        Array.from({ length: 80 }, (_, i) =>
          other.call('/api/account/credits', { key: `garnish_${i}` }),
        ),
      );
      const refused = answers.filter(({ status }) => status === 429);
      expect(refused.length).toBe(20);
      expect(codeOf(refused[0]!)).toBe('rate_limit_exceeded');
      expect(Number(refused[0]?.headers.get('retry-after'))).toBeGreaterThan(0);
      expect((await other.call('/api/account/credits')).status).toBe(200);
    } finally {
      await other.stop();
    }
  });
});

it('case 39: a balance below the price', async () => {
  const { key } = garnish.newKey({ credits: 0 });
  const answer = await garnish.post(
    '/api/upscale',
    { image_url: 'https://a.example/x.jpg' },
    { key },
  );
  expect([answer.status, codeOf(answer)]).toEqual([402, 'insufficient_credits']);
});

describe('connections', () => {
  const head = (extra: string) =>
    `POST /api/upscale HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${garnish.key}\r\n` +
    `Content-Type: application/json\r\n${extra}\r\n`;

  it('case 9: Content-Length longer than what is sent', async () => {
    const answer = await exchange(garnish.url, `${head('Content-Length: 1000\r\n')}{}`);
    expect(statusOf(answer)).toBe(408);
    expect(answer).toContain('request_timeout');
  });

  it('case 10: Content-Length and Transfer-Encoding together', async () => {
    const answer = await exchange(
      garnish.url,
      `${head('Content-Length: 4\r\nTransfer-Encoding: chunked\r\n')}0\r\n\r\n`,
    );
    expect(statusOf(answer)).toBe(400);
  });

  it('case 11: more than 16 KB of headers', async () => {
    const answer = await exchange(garnish.url, head(`X-Long: ${'x'.repeat(20_000)}\r\n`));
    expect(statusOf(answer)).toBe(431);
  });

  it('case 12: slow headers on many sockets are cut off, others are served', async () => {
    const sockets = Array.from({ length: 200 }, () => openSocket(garnish.url));
    const closed = Promise.all(sockets.map(received));
    for (const socket of sockets) socket.write('GET / HTTP/1.1\r\nX-A: ');
    const drip = setInterval(() => {
      for (const socket of sockets) socket.write('b');
    }, 1000);
    expect((await garnish.call('/api/models')).status).toBe(200);
    const answers = await closed;
    clearInterval(drip);
    expect(answers.every((answer) => [0, 408].includes(statusOf(answer)))).toBe(true);
  }, 30_000);

  it('case 13: a body of one byte a second', async () => {
    const socket = openSocket(garnish.url);
    const answer = received(socket);
    socket.write(head('Content-Length: 1000\r\n'));
    const drip = setInterval(() => socket.write('{'), 500);
    const text = await answer;
    clearInterval(drip);
    expect(statusOf(text)).toBe(408);
  });

  it('case 14: very many tiny chunks', async () => {
    const socket = openSocket(garnish.url);
    const answer = received(socket);
    socket.write(head('Transfer-Encoding: chunked\r\n'));
    for (let sent = 0; sent < 70_000 && !socket.destroyed; sent += 1000) {
      if (!socket.write('1\r\n[\r\n'.repeat(1000)))
        await Promise.race([once(socket, 'drain'), answer]);
    }
    expect([413, 408]).toContain(statusOf(await answer));
  });
});

describe('paths and methods', () => {
  it.each([
    ['53 GET on a POST route', 'GET', '/api/generate', 405, 'POST'],
    ['53 DELETE on a GET route', 'DELETE', '/api/models', 405, 'GET, HEAD'],
    ['54 unknown route', 'GET', '/api/v2/generate', 404, null],
    ['54 upper case', 'GET', '/API/models', 404, null],
    ['54 trailing slash', 'GET', '/api/models/', 404, null],
    ['54 doubled slashes', 'GET', '//api//models', 404, null],
    ['54 unknown page', 'GET', '/admin', 404, null],
  ])('case %s', async (_name, method, path, status, allow) => {
    const answer = await garnish.call(path, { method });
    expect(answer.status).toBe(status);
    expect(codeOf(answer)).toBe(status === 405 ? 'method_not_allowed' : 'not_found');
    expect(answer.headers.get('allow')).toBe(allow);
  });

  it.each(['/%zz', '/cdn/%zz', '/api/%00', '/cdn/%00'])('case 54: %s', async (path) => {
    const answer = await exchange(
      garnish.url,
      `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
    );
    expect([400, 404]).toContain(statusOf(answer));
    expect(answer).toContain('{"error":{"code":');
  });

  it('case 55: Accept text/html changes nothing', async () => {
    const answer = await garnish.call('/api/models', { headers: { Accept: 'text/html' } });
    expect(answer.json?.['models']).toHaveLength(3);
  });

  it('case 56: a preflight gets no permission', async () => {
    const answer = await garnish.call('/api/upscale', {
      method: 'OPTIONS',
      headers: { Origin: 'https://evil.example', 'Access-Control-Request-Method': 'POST' },
    });
    expect(answer.status).toBe(204);
    expect(answer.headers.get('access-control-allow-origin')).toBeNull();
  });
});
