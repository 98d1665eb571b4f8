/** What the tests of the hub share: folders that go when a test ends, clients, and quick retries. */
import { mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { HubClient } from '../../../src/packs/hub/hub-client.ts';
import { HubHttp, type HubHttpOptions } from '../../../src/packs/hub/hub-http.ts';
import type { RetryPolicy } from '../../../src/packs/hub/retries.ts';
import type { TestHub } from './test-hub.ts';

/** Three failures in a row end a download; pauses are too short to wait for. */
export const QUICK: RetryPolicy = {
  attempts: 3,
  firstPauseMs: 1,
  longestPauseMs: 2,
  longestRetryAfterMs: 1500,
};

/** An empty folder. */
export function scratch(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'garnish-hub-')));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Every file of a folder, sorted. */
export const filesIn = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();

/** Clients of a test hub. */
export function clientsOf(hub: TestHub, options: Partial<HubHttpOptions> = {}) {
  const http = new HubHttp({ hubUrl: hub.url, isOffline: false, ...options });
  return {
    http,
    retries: QUICK,
    hub: new HubClient({ hubUrl: hub.url, http, retries: QUICK }),
    signal: new AbortController().signal,
  };
}
