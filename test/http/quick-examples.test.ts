/** The examples of the docs page are run as a reader would: copied from the page and pasted. */
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import express from 'express';
import supertest from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadPrices } from '../../src/accounts/prices.ts';
import { enhanceRequest } from '../../src/contract/enhance-request.ts';
import { removeBackgroundRequest } from '../../src/contract/remove-background-request.ts';
import { generateRequest, upscaleRequest } from '../../src/contract/requests.ts';
import { pagesRouter } from '../../src/http/pages/pages.ts';

/** Text as a browser shows it. */
const unescapeHtml = (html: string): string =>
  html
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&');

const SCHEMAS = {
  '/api/remove-background': removeBackgroundRequest,
  '/api/upscale': upscaleRequest,
  '/api/enhance': enhanceRequest,
  '/api/generate': generateRequest,
} as const;
type ExamplePath = keyof typeof SCHEMAS;
const EXAMPLE_PATHS = Object.keys(SCHEMAS) as ExamplePath[];

interface Received {
  readonly method: string | undefined;
  readonly path: string | undefined;
  readonly authorization: string | undefined;
  readonly contentType: string | undefined;
  readonly body: unknown;
}

/** How a reader runs each language's example; the command must exist on this machine. */
const RUNNERS = {
  curl: { file: 'call.sh', command: 'bash', needs: 'curl' },
  TypeScript: { file: 'call.mjs', command: process.execPath, needs: process.execPath },
  Python: { file: 'call.py', command: 'python3', needs: 'python3' },
  PHP: { file: 'call.php', command: 'php', needs: 'php' },
} as const;
type Language = keyof typeof RUNNERS;
const isThere = (command: string): boolean => spawnSync(command, ['--version']).status === 0;

describe('the quick examples', () => {
  let recorder: Server;
  let baseUrl: string;
  let folder: string;
  let docs: string;
  const received: Received[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'garnish-examples-'));
    const app = express();
    app.use(express.json(), (req, res) => {
      const { authorization, 'content-type': contentType } = req.headers;
      received.push({
        method: req.method,
        path: req.url,
        authorization,
        contentType,
        body: req.body,
      });
      res.json({ id: 'answered' });
    });
    recorder = createServer(app);
    await new Promise<void>((resolve) => recorder.listen(0, '127.0.0.1', resolve));
    baseUrl = `http://127.0.0.1:${(recorder.address() as AddressInfo).port}`;
    const pages = express().use(pagesRouter({ baseUrl, version: '1.2.3', prices: loadPrices() }));
    docs = (await supertest(pages).get('/docs')).text;
  });
  afterAll(() => {
    recorder.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** The code that the page shows for a call, as a reader copies it. */
  function shownCode(path: ExamplePath, language: Language): string {
    const section = docs
      .split('<section>')
      .find((part) => unescapeHtml(part).includes(`${baseUrl}${path}`) && part.includes('<h3>'));
    const block = section?.split(`<summary>${language}</summary>`)[1];
    return unescapeHtml(/<pre><code>([\s\S]*?)<\/code><\/pre>/.exec(block ?? '')?.[1] ?? '');
  }

  /** What every language's example of a call must send. */
  const curlBody = (path: ExamplePath): unknown =>
    JSON.parse(/-d '([^']*)'$/.exec(shownCode(path, 'curl'))?.[1] ?? '');

  const cases = EXAMPLE_PATHS.flatMap((path) =>
    (Object.keys(RUNNERS) as Language[]).map((language) => ({ path, language })),
  );

  it('exist for every operation in every language, once', () => {
    for (const { path, language } of cases) {
      expect(shownCode(path, language), `${path} ${language}`).toContain(`${baseUrl}${path}`);
    }
    expect(docs.match(/<section>/g)).toHaveLength(EXAMPLE_PATHS.length);
    expect(docs.match(/<summary>/g)).toHaveLength(cases.length);
  });

  for (const { path, language } of cases) {
    const { file, command, needs } = RUNNERS[language];
    it.skipIf(!isThere(needs))(`call ${path} when pasted: ${language}`, async () => {
      const script = join(folder, file);
      writeFileSync(script, shownCode(path, language));
      received.length = 0;
      const { stdout } = await promisify(execFile)(command, [script], {
        env: { PATH: process.env['PATH'], API_KEY: 'gk_test' },
      });
      expect(stdout).toContain('answered');
      expect(SCHEMAS[path].safeParse(received[0]?.body)).toMatchObject({ success: true });
      expect(received).toEqual([
        {
          method: 'POST',
          path,
          authorization: 'Bearer gk_test',
          contentType: 'application/json',
          body: curlBody(path),
        },
      ]);
    });
  }

  it.each(EXAMPLE_PATHS)('send the same body to %s in PHP as with curl', (path) => {
    const php = shownCode(path, 'PHP');
    // A single-quoted PHP string is taken literally unless it holds a quote or a backslash.
    const phpBody = /CURLOPT_POSTFIELDS => '([^'\\]*)',\n/.exec(php)?.[1] ?? '';
    expect(JSON.parse(phpBody)).toEqual(curlBody(path));
    expect(php).toMatch(/^<\?php\n/);
    expect(php.match(/[[(]/g)?.length).toBe(php.match(/[\])]/g)?.length);
    const statements = php.split('\n').slice(1).join('\n').trim();
    expect(statements.endsWith(';')).toBe(true);
  });

  it('show how a local picture is sent, with this address', () => {
    expect(unescapeHtml(docs)).toMatch(
      /-F file=@dish\.jpg\s+http:\/\/127\.0\.0\.1:\d+\/api\/uploads/,
    );
  });
});
