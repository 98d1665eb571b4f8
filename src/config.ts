/**
 * Settings: environment `GARNISH_*` over an optional `garnish.config.json`. This is the only file
 * that reads `process.env`. Unknown names and bad values stop the start, one plain line each.
 * A setting `fetchAllow` is `GARNISH_FETCH_ALLOW` in the environment and `fetchAllow` in the file;
 * `GARNISH_…_FILE` reads the value from a file. Where they are read from: config-sources.ts.
 */
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { flag, integer, list, mebibyte } from './config-fields.ts';
import { residencyFields } from './config-residency.ts';
import { readConfigFile, readEnvironment } from './config-sources.ts';

/** The schema of every setting, in the order the documentation lists them. */
export const settingsSchema = z.object({
  host: z.string().min(1).default('127.0.0.1').describe('Address to listen on.'),
  port: integer(0, 65535).default(8787).describe('Port to listen on; 0 picks a free one.'),
  publicUrl: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('Address callers use; default: what the server listens on.'),
  cdnUrl: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('Address of the result folder; default: the public URL + /cdn.'),
  dataDir: z
    .string()
    .min(1)
    .default('./data')
    .describe('Folder for the database and all pictures.'),
  packsDir: z
    .string()
    .min(1)
    .optional()
    .describe('Folder of further model packs; those in models/ are always there.'),
  platformsDir: z
    .string()
    .min(1)
    .optional()
    .describe('Folder of further platform profiles (docs/platforms.md), read at the start.'),
  modelPacks: list
    .pipe(z.array(z.string().regex(/^[a-z0-9-]+=[a-z0-9-]+$/, 'Expected model=pack,…')))
    .default([])
    .describe('Text-to-image packs by model id: flux-2-pro=my-pack; default: the last installed.'),
  devices: list
    .pipe(z.array(z.string().regex(/^(auto|cpu|cuda:\d+)$/, 'Expected auto, cpu or cuda:N')).min(1))
    .default(['auto'])
    .describe('Devices to run models on: auto, cpu, or cuda:0,cuda:1.'),
  engineWorkers: integer(0, 64)
    .default(0)
    .describe('Inference workers for each device; 0: one for each CPU core (CPU), 1 (CUDA).'),
  ...residencyFields,
  adminHost: z
    .string()
    .min(1)
    .optional()
    .describe('Address of a listener for the admin routes alone; else they answer loopback only.'),
  adminPort: integer(0, 65535).optional().describe('Port of that listener; 0 picks a free one.'),
  apiKey: z
    .string()
    .optional()
    .describe('API key of commands that talk to the running server (packs ps, load, unload).'),
  tlsCert: z.string().optional().describe('Path of the TLS certificate chain (PEM).'),
  tlsKey: z.string().optional().describe('Path of the TLS private key (PEM).'),
  trustProxy: integer(0, 10)
    .default(0)
    .describe('Number of proxies in front whose X-Forwarded-* headers are believed.'),
  allowHttp: flag
    .default(false)
    .describe('Answer plain HTTP from callers that are not on loopback.'),
  fetchAllow: list
    .default([])
    .describe('Private hosts and CIDR ranges that image_url and webhooks may name.'),
  fetchOnly: list.default([]).describe('If set, the only hosts to fetch from and send to.'),
  offline: flag
    .default(false)
    .describe(
      'Open no socket: only uploads and own results are sources, webhooks wait, no pack is pulled.',
    ),
  hubUrl: z
    .url({ protocol: /^https?$/ })
    .default('https://huggingface.co')
    .describe('Hub or mirror that packs are pulled from; HF_ENDPOINT says the same.'),
  hubToken: z
    .string()
    .regex(/^[\x21-\x7e]+$/, 'Expected printable characters without spaces')
    .optional()
    .describe('Access token for the hub, sent to no other host; HF_TOKEN says the same.'),
  retentionDays: integer(0, 36500)
    .default(30)
    .describe('Days until a result is deleted; 0 keeps it for ever.'),
  uploadHours: integer(1, 8760).default(24).describe('Hours until an upload is deleted.'),
  maxBodyBytes: integer(1024, 16 * mebibyte)
    .default(64 * 1024)
    .describe('Largest JSON body. Error: payload_too_large.'),
  maxBatchBodyBytes: integer(1024, 64 * mebibyte)
    .default(2 * mebibyte)
    .describe('Largest JSON body of a batch. Error: payload_too_large.'),
  maxSourceBytes: integer(1024, 1024 * mebibyte)
    .default(20 * mebibyte)
    .describe(
      'Largest source picture. Error: invalid_image (fetched), payload_too_large (upload).',
    ),
  maxSourcePixels: integer(256, 1e9)
    .default(40_000_000)
    .describe('Most pixels of a source. Error: invalid_image.'),
  minSidePx: integer(1, 1024)
    .default(16)
    .describe('Shortest side of a source. Error: invalid_image.'),
  maxSidePx: integer(16, 65535)
    .default(8192)
    .describe('Longest side of a source. Error: invalid_image.'),
  maxAspectRatio: integer(1, 1000)
    .default(20)
    .describe('Longest side over shortest side of a source. Error: invalid_image.'),
  maxResultPixels: integer(256, 1e9)
    .default(200_000_000)
    .describe('Most pixels of an upscaled result. Error: invalid_request.'),
  deadlineS: integer(1, 3600)
    .default(300)
    .describe('Seconds a synchronous call may take. Error: internal_error.'),
  asyncDeadlineS: integer(60, 7 * 86_400)
    .default(86_400)
    .describe('Seconds after which a job in the background is given up. Error: internal_error.'),
  fetchDeadlineS: integer(1, 300)
    .default(10)
    .describe('Seconds a source may take to arrive. Error: invalid_image_url.'),
  maxQueue: integer(1, 100_000)
    .default(64)
    .describe('Jobs waiting in all before new ones are refused. Error: overloaded.'),
  maxJobsPerAccount: integer(1, 100_000)
    .default(32)
    .describe('Jobs of one account waiting or running. Error: too_many_concurrent_requests.'),
  maxWaitS: integer(1, 3600)
    .default(120)
    .describe('Seconds a caller may have to wait for a slot or an engine. Error: overloaded.'),
  maxAsyncJobs: integer(1, 1_000_000)
    .default(10_000)
    .describe('Jobs in the background in all, items of batches counted. Error: overloaded.'),
  maxAsyncJobsPerAccount: integer(1, 1_000_000)
    .default(1000)
    .describe('Jobs of one account in the background. Error: too_many_concurrent_requests.'),
  ballastMib: integer(0, 10_000)
    .default(32)
    .describe('Disk room held back so that credits can be given back on a full disk; 0: none.'),
  minFreeDiskMib: integer(0, 1e7)
    .default(256)
    .describe('Free disk room under which no job is taken. Error: storage_full.'),
  anonymousPerMinute: integer(1, 1e6)
    .default(60)
    .describe(
      'Requests a minute from one address without a valid key. Error: rate_limit_exceeded.',
    ),
  addressPerMinute: integer(1, 1e6)
    .default(600)
    .describe('Requests a minute from one address to routes outside the account windows.'),
  sandboxPerMinute: integer(1, 1e6)
    .default(10)
    .describe('Requests a minute with the sandbox keys of an account. Error: rate_limit_exceeded.'),
  sandboxPerDay: integer(1, 1e6)
    .default(100)
    .describe(
      'Requests a UTC day with the sandbox keys of an account. Error: rate_limit_exceeded.',
    ),
  requestTimeoutS: integer(1, 3600)
    .default(30)
    .describe('Seconds a request may take to arrive. Error: request_timeout.'),
  uploadTimeoutS: integer(1, 3600)
    .default(120)
    .describe('Seconds an upload may take to arrive. Error: request_timeout.'),
  shutdownS: integer(1, 600)
    .default(30)
    .describe('Seconds running jobs get when the server stops.'),
  logLevel: z
    .enum(['debug', 'info', 'warn', 'error', 'silent'])
    .default('info')
    .describe('Least severe lines that are logged.'),
});

/** Every setting, parsed. */
export type Config = Readonly<z.infer<typeof settingsSchema>>;

/** Settings that cannot be used; one line for each mistake. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly lines: readonly string[];

  constructor(lines: readonly string[]) {
    super(lines.join('\n'));
    this.lines = lines;
  }
}

/** `fetchAllow` → `GARNISH_FETCH_ALLOW`. */
export const environmentName = (key: string): string =>
  `GARNISH_${key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;

const keys = Object.keys(settingsSchema.shape);
/** Names that the hub's own tools read; the settings' own names win. */
const keyByForeignName = new Map([
  ['HF_ENDPOINT', 'hubUrl'],
  ['HF_TOKEN', 'hubToken'],
]);
const keyByName = new Map(keys.map((key) => [environmentName(key), key]));

/**
 * Read the settings.
 * @param env Environment, normally `process.env`.
 * @param folder Folder that may hold `garnish.config.json`; relative paths start there.
 * @throws ConfigError naming every unknown setting and bad value.
 */
export function loadConfig(env: NodeJS.ProcessEnv = process.env, folder = process.cwd()): Config {
  const lines: string[] = [];
  const values = {
    ...readConfigFile(join(folder, 'garnish.config.json'), keys, lines),
    ...readEnvironment(env, { keyByName, keyByForeignName }, lines),
  };
  const parsed = settingsSchema.safeParse(values);
  if (!parsed.success) {
    for (const issue of parsed.error.issues) {
      lines.push(`${environmentName(String(issue.path[0]))}: ${issue.message}.`);
    }
  }
  if (
    parsed.success &&
    (parsed.data.adminHost === undefined) !== (parsed.data.adminPort === undefined)
  ) {
    lines.push('GARNISH_ADMIN_HOST and GARNISH_ADMIN_PORT are given together or not at all.');
  }
  if (
    parsed.success &&
    (parsed.data.tlsCert === undefined) !== (parsed.data.tlsKey === undefined)
  ) {
    lines.push('GARNISH_TLS_CERT and GARNISH_TLS_KEY are given together or not at all.');
  }
  if (!parsed.success || lines.length > 0) throw new ConfigError(lines);
  return { ...parsed.data, dataDir: resolve(folder, parsed.data.dataDir) };
}
