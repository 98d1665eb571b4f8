/** One file from a server that misbehaves. */
import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { downloadFile } from '../../../src/packs/hub/download.ts';
import type { HubHttpOptions } from '../../../src/packs/hub/hub-http.ts';
import { TransferMeter } from '../../../src/packs/hub/transfer-meter.ts';
import { clientsOf, filesIn, scratch } from './fixture.ts';
import {
  bytesOf,
  dropAfter,
  type Fault,
  gitBlobOf,
  REPOSITORY,
  sendInstead,
  serve,
  sha256Of,
  status,
  TestHub,
} from './test-hub.ts';

const NAME = 'model.onnx';
const CONTENT = bytesOf(300_000);
const HASH = sha256Of(CONTENT);
/** A question for the rest of a file. */
const REST = expect.stringMatching(/^bytes=[1-9]\d*-$/);

async function bench(options: Partial<HubHttpOptions> = {}, content = CONTENT) {
  const hub = await TestHub.start({ [NAME]: content });
  const folder = scratch();
  const clients = clientsOf(hub, options);
  const meter = new TransferMeter(content.length);
  const facts = { bytes: content.length, sha256: sha256Of(content) };
  const order = {
    ...facts,
    path: NAME,
    url: clients.hub.fileUrl(REPOSITORY, hub.commit, NAME),
  };
  const download = (
    changes: Partial<typeof order & { gitBlob: string }> = {},
    signal = clients.signal,
  ) => downloadFile({ ...order, ...changes }, folder, { ...clients, signal, meter });
  const ranges = () => hub.bytesRequests(NAME).map(({ headers }) => headers.range);
  return { hub, folder, meter, order, download, ranges };
}

describe('a download', () => {
  it('ends whole under its name, with nothing beside it', async () => {
    const { folder, download, meter } = await bench();
    expect(await download()).toBe(HASH);
    expect(filesIn(folder)).toEqual([NAME]);
    expect(readFileSync(join(folder, NAME)).equals(CONTENT)).toBe(true);
    expect(meter.read()).toMatchObject({ doneBytes: CONTENT.length, etaS: 0 });
  });

  it('goes on by Range after dropped connections, asking for the same version', async () => {
    const { hub, download, ranges } = await bench();
    hub.faults.push(dropAfter(100_000), dropAfter(50_000));
    expect(await download()).toBe(HASH);
    expect(ranges()).toEqual([undefined, REST, REST]);
    expect(hub.bytesRequests(NAME)[1]?.headers['if-range']).toMatch(/^"[0-9a-f]{16}"$/);
  });

  it('goes on with what an earlier process left, and hashes that again from the disk', async () => {
    const { hub, folder, download, ranges } = await bench();
    hub.faults.push(dropAfter(200_000), status(404));
    await expect(download()).rejects.toThrow(/404/);
    expect(filesIn(folder)).toEqual([`${NAME}.part`, `${NAME}.part.json`]);
    const there = statSync(join(folder, `${NAME}.part`)).size;
    expect(await download()).toBe(HASH);
    expect(ranges().at(-1)).toBe(`bytes=${there}-`);
  });

  it('finds out when what an earlier process left was damaged, and begins anew', async () => {
    const { hub, folder, download, ranges } = await bench();
    hub.faults.push(dropAfter(200_000), status(404));
    await expect(download()).rejects.toThrow(/404/);
    const part = readFileSync(join(folder, `${NAME}.part`));
    part[1000] = (part[1000] ?? 0) ^ 1;
    writeFileSync(join(folder, `${NAME}.part`), part);
    expect(await download()).toBe(HASH);
    expect(ranges().slice(-2)).toEqual([REST, undefined]);
  });

  it('throws away what an earlier process left of another version', async () => {
    const { hub, folder, download, ranges } = await bench();
    hub.faults.push(dropAfter(200_000), status(404));
    await expect(download({ sha256: '0'.repeat(64) })).rejects.toThrow(/404/);
    expect(await download()).toBe(HASH);
    expect(ranges().at(-1)).toBeUndefined();
    expect(filesIn(folder)).toEqual([NAME]);
  });

  it('checks a small file by the hash git has of it', async () => {
    const { download } = await bench();
    const changes = { sha256: undefined as unknown as string, gitBlob: gitBlobOf(CONTENT) };
    expect(await download(changes)).toBe(HASH);
    const wrong = { ...changes, gitBlob: gitBlobOf(bytesOf(300_000, 2)) };
    await expect(download(wrong)).rejects.toThrow(/does not have the hash/);
  });
});

describe('a file that changes between two requests', () => {
  const other = bytesOf(CONTENT.length, 7);
  /** Sends the rest of what it has now, whatever version was asked for. */
  const rest: Fault = (request, response, content) => {
    delete request.headers['if-range'];
    serve(request, response, content);
  };

  it('is begun anew when the server says so', async () => {
    const { hub, download, ranges } = await bench();
    hub.faults.push((request, response) => dropAfter(100_000)(request, response, other));
    expect(await download()).toBe(HASH);
    expect(ranges()).toEqual([undefined, REST]);
  });

  it('is begun anew when the rest has another ETag', async () => {
    const { hub, download, ranges } = await bench();
    hub.faults.push((request, response) => dropAfter(100_000)(request, response, other));
    hub.faults.push(rest);
    expect(await download()).toBe(HASH);
    expect(ranges()).toEqual([undefined, REST, undefined]);
  });

  it('is begun anew when only the hash tells', async () => {
    const { hub, download, ranges } = await bench();
    const bare =
      (content: Buffer, fault: Fault): Fault =>
      (request, response) => {
        const writeHead = response.writeHead.bind(response);
        response.writeHead = ((code: number, headers: Record<string, unknown>) => {
          const { etag: _etag, ...others } = headers;
          response.removeHeader('etag');
          return writeHead(code, others as never);
        }) as typeof response.writeHead;
        fault(request, response, content);
      };
    hub.faults.push(bare(other, dropAfter(100_000)), bare(CONTENT, serve));
    expect(await download()).toBe(HASH);
    expect(ranges()).toEqual([undefined, REST, undefined]);
  });

  it('that became shorter than what is there is begun anew', async () => {
    const { hub, download, ranges } = await bench();
    hub.faults.push(dropAfter(100_000), status(416));
    expect(await download()).toBe(HASH);
    expect(ranges()).toEqual([undefined, REST, undefined]);
  });
});

describe('a server that lies', () => {
  it.each([
    [
      'says another length',
      (request, response) => serve(request, response, bytesOf(99)),
      /300000 bytes by the hub's list, but 99 \(no type\) are sent/,
    ],
    ['sends more', sendInstead(bytesOf(300_001)), /300000 bytes by the hub's list, but more comes/],
    ['sends other bytes', sendInstead(bytesOf(300_000, 9)), /does not have the hash/],
    ['encodes them', status(200, { 'content-encoding': 'gzip' }), /comes encoded/],
  ] as readonly [string, Fault, RegExp][])(
    'and %s ends in a clear error and no file',
    async (_name, fault, expected) => {
      const { hub, folder, download } = await bench();
      hub.serve = fault;
      await expect(download()).rejects.toThrow(expected);
      expect(existsSync(join(folder, NAME))).toBe(false);
      expect(hub.bytesRequests(NAME)).toHaveLength(1);
    },
  );

  it('and sends less is asked for the rest, and given up', async () => {
    const { hub, folder, download } = await bench();
    hub.serve = sendInstead(bytesOf(100));
    await expect(download()).rejects.toThrow(
      /300000 bytes by the hub's list, but it ends after 100; given up after 3 attempts/,
    );
    expect(existsSync(join(folder, NAME))).toBe(false);
  });
});

describe('a server in trouble', () => {
  it('is asked again when it is busy, after the time it asks for', async () => {
    const { hub, download } = await bench();
    hub.faults.push(status(503), status(429, { 'retry-after': '1' }));
    const beganMs = performance.now();
    expect(await download()).toBe(HASH);
    expect(performance.now() - beganMs).toBeGreaterThanOrEqual(990);
  });

  it('that asks for too long a pause is left', async () => {
    const { hub, download } = await bench();
    hub.faults.push(status(429, { 'retry-after': '3600' }));
    await expect(download()).rejects.toThrow(/answers 429: it asks to come back in 3600 s/);
  });

  it('is given up after some failures in a row', async () => {
    const { hub, download } = await bench();
    hub.serve = status(500);
    await expect(download()).rejects.toThrow(/answers 500; given up after 3 attempts/);
    expect(hub.bytesRequests(NAME)).toHaveLength(3);
  });

  it('is forgiven any number of failures while it goes forward', async () => {
    const { hub, download } = await bench({}, bytesOf(6_000_000, 3));
    hub.serve = dropAfter(1_100_000);
    expect(await download()).toBe(sha256Of(bytesOf(6_000_000, 3)));
    expect(hub.bytesRequests(NAME)).toHaveLength(6);
  });

  it('that falls silent is left and asked again', async () => {
    const { hub, download, ranges } = await bench({ idleMs: 150 });
    hub.faults.push((_request, response, content) => {
      response.writeHead(200, { 'content-length': content.length });
      response.write(content.subarray(0, 5000));
    });
    expect(await download()).toBe(HASH);
    expect(ranges()).toHaveLength(2);
  });

  it('has its old signed addresses replaced', async () => {
    const { hub, download } = await bench();
    hub.faults.push(status(403));
    expect(await download()).toBe(HASH);
  });

  it('stops at once when the caller does, and keeps the part', async () => {
    const { hub, folder, download } = await bench();
    const stop = new AbortController();
    hub.faults.push((_request, response, content) => {
      response.writeHead(200, { 'content-length': content.length });
      response.write(content.subarray(0, 5000), () =>
        setTimeout(() => stop.abort(new Error('stopped')), 50),
      );
    });
    await expect(download({}, stop.signal)).rejects.toThrow('stopped');
    expect(readFileSync(join(folder, `${NAME}.part`))).toHaveLength(5000);
  });
});

describe('nothing is written outside the folder', () => {
  it.each(['../x', 'a/../../x', '/etc/x', 'a//x', '.', 'a\\b'])(
    'with the path %j',
    async (path) => {
      const { hub, folder, download } = await bench();
      await expect(download({ path })).rejects.toThrow(/is no path below a folder/);
      expect(hub.requests).toEqual([]);
      expect(filesIn(folder)).toEqual([]);
    },
  );

  it('through a link in it', async () => {
    const { folder, download } = await bench();
    const outside = scratch();
    symlinkSync(outside, join(folder, 'onnx'));
    await expect(download({ path: 'onnx/x' })).rejects.toThrow(/a link leads there/);
    mkdirSync(join(folder, 'real'));
    symlinkSync(join(outside, 'target'), join(folder, 'real', 'y.part'));
    await expect(download({ path: 'real/y' })).rejects.toThrow(/cannot be written/);
    expect(filesIn(outside)).toEqual([]);
  });
});
