/** Server-sent events of a job that runs as long as the test wants it to. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { expect, onTestFinished, test } from 'vitest';
import { ApiError } from '../../src/errors.ts';
import { EventStreams } from '../../src/http/event-streams.ts';
import { jobsFixture, REQUEST, writeResult } from '../jobs/fixture.ts';

const HEARTBEAT_MS = 40;

/** A running job and a server that streams its events. */
async function streamed() {
  const fixture = jobsFixture();
  let end = () => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  fixture.world.engine = async (task) => {
    await ended;
    return writeResult(task);
  };
  const { accountId } = fixture.payer;
  const streams = new EventStreams({
    ...{ book: fixture.book, maxPerAccount: 2, heartbeatMs: HEARTBEAT_MS },
  });
  const { jobIds } = await fixture.service.submit([REQUEST], fixture.payer);
  const [jobId = ''] = jobIds;
  const stateOf = () => fixture.book.view(accountId, jobId).state;
  await expect.poll(stateOf).toBe('running');
  const app = express();
  app.get('/events', (req, res) => {
    try {
      streams.open(req, res, { accountId, jobId });
    } catch (error) {
      res.sendStatus(error instanceof ApiError ? error.status : 500);
    }
  });
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/events`;
  /** Open a stream; `text` is what it has brought so far. */
  const open = async (lastEventId?: string) => {
    const caller = new AbortController();
    onTestFinished(() => caller.abort());
    const response = await fetch(url, {
      signal: caller.signal,
      ...(lastEventId === undefined ? {} : { headers: { 'Last-Event-ID': lastEventId } }),
    });
    let text = '';
    const closed = (async () => {
      for await (const part of response.body ?? []) text += Buffer.from(part).toString();
    })().catch(() => undefined);
    return { status: response.status, closed, text: () => text, leave: () => caller.abort() };
  };
  return { streams, open, end };
}

test('a stream on which nothing happens is kept alive by comments', async () => {
  const { open, end } = await streamed();
  const stream = await open();
  const beats = () => stream.text().split(': still here\n\n').length - 1;
  await expect.poll(beats).toBeGreaterThanOrEqual(3);
  end();
  await stream.closed;
  const ended = beats();
  await new Promise((resolve) => setTimeout(resolve, 3 * HEARTBEAT_MS));
  expect(beats()).toBe(ended);
  expect(stream.text()).toMatch(/id: 5\nevent: state\ndata: .*"state":"completed"/);
});

test('a stream that is asked for from an event that never was ends with its job', async () => {
  const { open, end } = await streamed();
  const stream = await open('999');
  end();
  await stream.closed;
  expect(stream.text()).not.toContain('event: state');
});

test('an account has a number of streams, and one that is left makes room', async () => {
  const { open } = await streamed();
  const first = await open();
  await open();
  expect((await open()).status).toBe(429);
  first.leave();
  await expect.poll(async () => (await open()).status).toBe(200);
});

test('the stop of the server ends every stream, and the next one goes on behind it', async () => {
  const { open, streams, end } = await streamed();
  const cut = await open();
  await expect.poll(cut.text).toContain('id: 3');
  streams.closeAll();
  await cut.closed;
  const next = await open('3');
  end();
  await next.closed;
  const ids = [...next.text().matchAll(/^id: (\d+)$/gm)].map(([, id]) => id);
  expect(ids).toEqual(['4', '5']);
});
