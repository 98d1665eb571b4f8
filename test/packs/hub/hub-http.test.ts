/** Where requests go, and where the token does not. */
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, LookupFunction } from 'node:net';
import { expect, it, onTestFinished, vi } from 'vitest';
import { HubHttp } from '../../../src/packs/hub/hub-http.ts';
import { selfSigned } from '../../fetching/self-signed.ts';
import { clientsOf } from './fixture.ts';
import { bytesOf, COMMIT, REPOSITORY, TestHub } from './test-hub.ts';

const signal = new AbortController().signal;

/** A resolver that refuses, and counts how often it was asked. */
function refusing(): { readonly lookup: LookupFunction; readonly asked: string[] } {
  const asked: string[] = [];
  const lookup: LookupFunction = (host, _options, callback) => {
    asked.push(host);
    callback(new Error('no resolver here'), '', 4);
  };
  return { lookup, asked };
}

async function redirectingTo(location: string): Promise<string> {
  const server = createServer((_request, response) => {
    response.writeHead(302, { location }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

it('shows the token to the hub and to no other origin', async () => {
  const hub = await TestHub.start({ 'model.onnx': bytesOf(5000) });
  const { http, hub: client } = clientsOf(hub, { token: 'hf_secret' });
  const answer = await http.get(client.fileUrl(REPOSITORY, COMMIT, 'model.onnx'), {}, signal);
  answer.destroy();
  const seen = hub.requests.map(({ host, headers }) => [host, headers.authorization]);
  expect(seen).toEqual([
    ['hub', 'Bearer hf_secret'],
    ['cdn', undefined],
  ]);
});

it('shows the token to nobody over plain http, this machine apart', async () => {
  const sent: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    sent.push(request.headers.authorization);
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const toLoopback: LookupFunction = (_host, options, callback) => {
    if (options.all === true) callback(null, [{ address: '127.0.0.1', family: 4 }]);
    else callback(null, '127.0.0.1', 4);
  };
  for (const host of ['mirror.example', 'localhost']) {
    const hubUrl = `http://${host}:${port}`;
    const http = new HubHttp({ hubUrl, token: 't', isOffline: false, lookup: toLoopback });
    (await http.get(new URL(hubUrl), {}, signal)).destroy();
  }
  expect(sent).toEqual([undefined, 'Bearer t']);
});

it.each([
  ['file:///etc/passwd', /redirects to what is no web address/],
  ['http://[', /redirects to what is no web address/],
  ['/again', /redirects more than 5 times/],
])('does not follow a redirect to %s', async (location, expected) => {
  const hubUrl = await redirectingTo(location);
  const http = new HubHttp({ hubUrl, isOffline: false });
  await expect(http.get(new URL(hubUrl), {}, signal)).rejects.toThrow(expected);
});

it('believes no certificate of its own making, whatever the environment says', async () => {
  vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
  onTestFinished(() => void vi.unstubAllEnvs());
  let asked = 0;
  const server = createTlsServer(selfSigned('localhost', new Date(Date.now() + 86_400_000)));
  server.on('request', () => {
    asked += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const hubUrl = `https://localhost:${(server.address() as AddressInfo).port}`;
  const http = new HubHttp({ hubUrl, token: 't', isOffline: false });
  const error = await http.get(new URL(hubUrl), {}, signal).catch((reason: unknown) => reason);
  expect(error).toMatchObject({
    name: 'HubError', // not worth another attempt
    message: expect.stringContaining('self-signed certificate'),
  });
  expect(asked).toBe(0);
});

it('leaves the query of an address, which is signed, out of errors', async () => {
  const hub = await TestHub.start({});
  const { http } = clientsOf(hub);
  const asked = http.get(new URL('/nothing?signature=secret', hub.url), {}, signal);
  await expect(asked).rejects.toThrow(`${hub.url}/nothing answers 404.`);
});

it('asks no resolver when offline', async () => {
  const { lookup, asked } = refusing();
  const hubUrl = 'https://hub.example';
  const ask = (isOffline: boolean) =>
    new HubHttp({ hubUrl, isOffline, lookup }).get(new URL(`${hubUrl}/x?y`), {}, signal);
  await expect(ask(true)).rejects.toThrow(
    'GARNISH_OFFLINE is set: https://hub.example/x is not asked for.',
  );
  expect(asked).toEqual([]);
  await expect(ask(false)).rejects.toThrow(/https:\/\/hub\.example cannot be asked: no resolver/);
  expect(asked).toEqual(['hub.example']);
});
