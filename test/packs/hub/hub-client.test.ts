/** Lists of a repository through the hub's own library. */
import { expect, it } from 'vitest';
import { clientsOf } from './fixture.ts';
import { bytesOf, COMMIT, gitBlobOf, REPOSITORY, sha256Of, status, TestHub } from './test-hub.ts';

const SMALL = Buffer.from('{}');
const LARGE = bytesOf(5000);

const files = { 'config.json': SMALL, 'onnx/model.onnx': LARGE, 'README.md': SMALL };

it('pins a branch to the commit it stands for', async () => {
  const hub = await TestHub.start(files);
  const { hub: client, signal } = clientsOf(hub);
  expect(await client.commitOf(REPOSITORY, 'main', signal)).toBe(COMMIT);
});

it('lists all pages, with the hash that is known of each file', async () => {
  const hub = await TestHub.start(files);
  const { hub: client, signal } = clientsOf(hub, { token: 'hf_secret' });
  expect(Object.fromEntries(await client.filesOf(REPOSITORY, COMMIT, signal))).toEqual({
    'config.json': { bytes: 2, gitBlob: gitBlobOf(SMALL) },
    'README.md': { bytes: 2, gitBlob: gitBlobOf(SMALL) },
    'onnx/model.onnx': { bytes: 5000, sha256: sha256Of(LARGE) },
  });
  expect(hub.requests).toHaveLength(2);
  for (const { headers } of hub.requests) expect(headers.authorization).toBe('Bearer hf_secret');
});

it('escapes paths in the addresses of files', async () => {
  const hub = await TestHub.start({});
  const { hub: client } = clientsOf(hub);
  expect(client.fileUrl(REPOSITORY, COMMIT, 'a b/c#d?.json').pathname).toBe(
    `/${REPOSITORY}/resolve/${COMMIT}/a%20b/c%23d%3F.json`,
  );
});

it('says which revision is not there', async () => {
  const hub = await TestHub.start(files);
  const { hub: client, signal } = clientsOf(hub);
  await expect(client.commitOf(REPOSITORY, 'v9', signal)).rejects.toThrow(
    `/api/models/${REPOSITORY}/revision/v9 answers 404`,
  );
});

it('refuses a hub that names no commit', async () => {
  const hub = await TestHub.start(files);
  hub.commit = 'main';
  const { hub: client, signal } = clientsOf(hub);
  await expect(client.commitOf(REPOSITORY, 'main', signal)).rejects.toThrow(/names no commit/);
});

it('opens no socket offline', async () => {
  const hub = await TestHub.start(files);
  const { hub: client, signal } = clientsOf(hub, { isOffline: true });
  await expect(client.commitOf(REPOSITORY, 'main', signal)).rejects.toThrow(/GARNISH_OFFLINE/);
  await expect(client.filesOf(REPOSITORY, COMMIT, signal)).rejects.toThrow(/GARNISH_OFFLINE/);
  expect(hub.requests).toEqual([]);
});

it('says what a closed repository needs', async () => {
  const hub = await TestHub.start({ 'config.json': SMALL });
  hub.faults.push(status(401));
  const { hub: client, http, signal } = clientsOf(hub);
  const url = client.fileUrl(REPOSITORY, COMMIT, 'config.json');
  await expect(http.get(url, {}, signal)).rejects.toThrow(/answers 401: .*HF_TOKEN/);
});
