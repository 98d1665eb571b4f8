/** Several files at once. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { downloadSet, type SetParts } from '../../../src/packs/hub/download-set.ts';
import type { Transfer } from '../../../src/packs/hub/transfer-meter.ts';
import { TransferMeter } from '../../../src/packs/hub/transfer-meter.ts';
import { sizeText } from '../../../src/packs/size-text.ts';
import { clientsOf, filesIn, scratch } from './fixture.ts';
import { bytesOf, COMMIT, REPOSITORY, serve, sha256Of, status, TestHub } from './test-hub.ts';

const NAMES = ['a.onnx', 'b/c.onnx', 'b/d.onnx', 'e.onnx', 'f.onnx', 'g.onnx'];
const contents = Object.fromEntries(NAMES.map((name, i) => [name, bytesOf(20_000 + i, i + 1)]));

async function bench() {
  const hub = await TestHub.start(contents);
  const folder = scratch();
  const clients = clientsOf(hub);
  const orders = NAMES.map((path) => {
    const content = contents[path] ?? Buffer.alloc(0);
    const url = clients.hub.fileUrl(REPOSITORY, COMMIT, path);
    return { path, url, bytes: content.length, sha256: sha256Of(content) };
  });
  const download = (parts: Partial<SetParts> = {}) =>
    downloadSet(orders, folder, { ...clients, ...parts });
  return { hub, folder, orders, download };
}

it('gets all files, four at a time, and tells how far it is', async () => {
  const { hub, folder, download, orders } = await bench();
  let running = 0;
  let most = 0;
  hub.serve = (request, response, content) => {
    running += 1;
    most = Math.max(most, running);
    setTimeout(() => {
      running -= 1;
      serve(request, response, content);
    }, 100);
  };
  const told: Transfer[] = [];
  const hashes = await download({ onProgress: (transfer) => told.push(transfer) });
  expect(Object.fromEntries(hashes)).toEqual(
    Object.fromEntries(orders.map(({ path, sha256 }) => [path, sha256])),
  );
  expect(filesIn(folder)).toEqual(NAMES);
  expect(most).toBe(4);
  const totalBytes = orders.reduce((sum, { bytes }) => sum + bytes, 0);
  expect(told.at(-1)).toMatchObject({ doneBytes: totalBytes, totalBytes });
});

it('asks only for what is not whole', async () => {
  const { hub, folder, download } = await bench();
  await download();
  const place = join(folder, 'e.onnx');
  const damaged = readFileSync(place);
  damaged[5] = (damaged[5] ?? 0) ^ 1;
  writeFileSync(place, damaged);
  hub.requests.length = 0;
  await download();
  expect(hub.requests.map(({ host, url }) => [host, url.includes('e.onnx')])).toEqual([
    ['hub', true],
    ['cdn', true],
  ]);
  expect(readFileSync(place)).toEqual(contents['e.onnx']);
});

it('stops the others at the first failure and tells that one', async () => {
  const { hub, download } = await bench();
  hub.serve = (request, response, content) => {
    if (content === contents['g.onnx']) status(404)(request, response, content);
  };
  await expect(download()).rejects.toThrow(/\/g\.onnx answers 404/);
});

it('begins nothing when the disk has too little room', async () => {
  const { hub, folder, download } = await bench();
  await expect(download({ freeBytes: async () => 64 * 1024 * 1024 + 119_000 })).rejects.toThrow(
    `120 kB and 67.1 MB to spare are needed in ${folder}, 67.2 MB are free there.`,
  );
  expect(hub.requests).toEqual([]);
  await download({ freeBytes: async () => 64 * 1024 * 1024 + 121_000 });
});

it('needs room only for what is missing', async () => {
  const { download } = await bench();
  await download();
  await download({ freeBytes: async () => 0 });
});

it('ends with the reason of the caller who stops it', async () => {
  const { hub, download } = await bench();
  hub.serve = () => undefined;
  const stop = new AbortController();
  setTimeout(() => stop.abort(new Error('enough')), 100);
  await expect(download({ signal: stop.signal })).rejects.toThrow('enough');
});

it('tells sizes as disks are sold', () => {
  expect([0, 999, 1000, 31_400_000, 5_240_000_000, 250e9].map(sizeText)).toEqual([
    '0 bytes',
    '999 bytes',
    '1.0 kB',
    '31.4 MB',
    '5.2 GB',
    '250 GB',
  ]);
});

it('foretells the rest from the speed of the last seconds', () => {
  let nowMs = 0;
  const meter = new TransferMeter(10_000, () => nowMs);
  meter.found(1000);
  expect(meter.read()).toMatchObject({ doneBytes: 1000, bytesPerSecond: 0, etaS: undefined });
  for (let second = 1; second <= 20; second += 1) {
    nowMs += 1000;
    meter.received(second <= 10 ? 10 : 100);
  }
  const { doneBytes, bytesPerSecond, etaS } = meter.read();
  expect(doneBytes).toBe(2100);
  expect(bytesPerSecond).toBeCloseTo(100, 0);
  expect(etaS).toBe(79);
  meter.lost(100);
  expect(meter.read().doneBytes).toBe(2000);
});
