/** Wires the source fetcher: the operator's rules, and our own CDN and uploads read from disk. */
import { networkInterfaces } from 'node:os';
import type { Config } from '../config.ts';
import { Downloader } from '../fetching/download.ts';
import { createFetchPolicy, type FetchPolicy, hostOf } from '../fetching/fetch-policy.ts';
import { type OwnSource, SourceFetcher } from '../fetching/source-fetcher.ts';
import type { ResultStore } from '../results/result-store.ts';
import type { UploadStore } from '../results/upload-store.ts';

/** Addresses of this machine. */
const ownAddresses = (): string[] =>
  Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address));

/** Hosts that lead back here, perhaps through a proxy with a public address. */
const ownHosts = ({ publicUrl, cdnUrl }: Config): string[] =>
  [publicUrl, cdnUrl].flatMap((url) => (url === undefined ? [] : [hostOf(new URL(url))]));

/** Which hosts the server may open a connection to on a caller's behalf. */
export const fetchPolicyOf = (config: Config): FetchPolicy =>
  createFetchPolicy({
    allow: config.fetchAllow,
    only: config.fetchOnly,
    own: [...ownAddresses(), ...ownHosts(config)],
  });

/** Builds the fetcher for a configuration. */
export function createSourceFetcher(
  config: Config,
  results: ResultStore,
  uploads: UploadStore,
  now: () => number,
): SourceFetcher {
  const policy = fetchPolicyOf(config);
  const ownSource = (url: URL, accountId: string): OwnSource => {
    const name = results.nameOfUrl(url);
    if (name !== undefined) {
      return results.status(name, now()) === 'present'
        ? { kind: 'file', path: results.pathOf(name) }
        : { kind: 'missing' };
    }
    const upload = uploads.find(url, accountId, now());
    if (upload === undefined) return { kind: 'foreign' };
    return upload === 'missing' ? { kind: 'missing' } : { kind: 'file', path: upload };
  };
  return new SourceFetcher({
    downloader: new Downloader({
      policy,
      maxBytes: config.maxSourceBytes,
      deadlineMs: config.fetchDeadlineS * 1000,
    }),
    policy,
    ownSource,
    isOffline: config.offline,
  });
}
