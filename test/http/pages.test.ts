/** The pages people see: plain, local, and safe under the strict policy. */
import { runInNewContext } from 'node:vm';
import express from 'express';
import supertest from 'supertest';
import { describe, expect, it } from 'vitest';
import { loadPrices, type Prices } from '../../src/accounts/prices.ts';
import { escapeHtml, page } from '../../src/http/pages/html.ts';
import { type PagesOptions, pagesRouter } from '../../src/http/pages/pages.ts';

const PATHS = ['/', '/docs', '/dashboard/billing'] as const;
const BASE_URL = 'https://garnish.example';

/** The pages on an app of their own. */
function served(options: Partial<PagesOptions> = {}) {
  const app = express();
  app.use(pagesRouter({ baseUrl: BASE_URL, version: '1.2.3', prices: loadPrices(), ...options }));
  return supertest(app);
}
const pages = served();

const addressesOf = (html: string): readonly string[] =>
  [...html.matchAll(/\s(?:href|src)="([^"]*)"/g)].map(([, address = '']) => address);

describe.each(PATHS)('%s', (path) => {
  it('is one HTML page with a title, one heading and one main part', async () => {
    const { status, headers, text } = await pages.get(path);
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    expect(text).toMatch(/^<!doctype html>\n<html lang="en">/);
    expect(text).toMatch(/<title>[^<]+ · Garnish<\/title>/);
    for (const tag of ['h1', 'main', 'header', 'nav']) {
      expect(text.match(new RegExp(`<${tag}>`, 'g')), tag).toHaveLength(1);
    }
    expect(text).toContain('name="viewport" content="width=device-width, initial-scale=1"');
  });

  it('holds nothing that the policy default-src self would stop', async () => {
    const { text } = await pages.get(path);
    expect(text).not.toMatch(/<style|\sstyle=|\son\w+=|javascript:|<iframe|<base/i);
    expect(text).not.toMatch(/<script(?![^>]*\ssrc=")/i);
    expect(text).not.toMatch(/<script[^>]*>[^<]/i);
  });

  it('links only to this server, and every link answers', async () => {
    const addresses = addressesOf((await pages.get(path)).text);
    expect(addresses).toContain('/assets/garnish.css');
    for (const address of new Set(addresses)) {
      expect(address).toMatch(/^\/(?!\/)/);
      expect((await pages.get(address)).status, address).toBe(200);
    }
  });

  it('answers at this exact address only', async () => {
    const other = path === '/' ? '/index.html' : `${path}/`;
    expect((await pages.get(other)).status).toBe(404);
    expect((await pages.get(path.toUpperCase())).status).toBe(path === '/' ? 200 : 404);
  });
});

describe('escaping', () => {
  it('leaves no character that HTML reads', () => {
    expect(escapeHtml(`<a href="x">&'</a>`)).toBe(`&lt;a href=&quot;x&quot;&gt;&amp;'&lt;/a&gt;`);
    expect(escapeHtml('&lt;')).toBe('&amp;lt;');
    expect(page('<b>', '')).toContain('<title>&lt;b&gt; · Garnish</title>');
  });

  it('holds for what the settings say', async () => {
    const hostile = served({ version: '1"><i>', baseUrl: 'https://a.example/"><i>&' });
    for (const path of PATHS) expect((await hostile.get(path)).text, path).not.toContain('<i>');
    expect((await hostile.get('/')).text).toContain('1&quot;&gt;&lt;i&gt;');
  });
});

describe('the start page', () => {
  it('names the version and the address', async () => {
    const { text } = await pages.get('/');
    expect(text).toContain('Garnish 1.2.3');
    expect(text).toContain(`<code>${BASE_URL}</code>`);
    expect(addressesOf(text)).toEqual(
      expect.arrayContaining(['/docs', '/openapi.json', '/dashboard/billing']),
    );
  });
});

describe('files', () => {
  it('are served as what they are, for an hour', async () => {
    const types = {
      '/assets/garnish.css': 'text/css',
      '/assets/reference.js': 'text/javascript',
      '/docs/swagger/swagger-ui.css': 'text/css',
      '/docs/swagger/swagger-ui-bundle.js': 'text/javascript',
    };
    for (const [path, type] of Object.entries(types)) {
      const { status, headers } = await pages.head(path);
      expect([status, headers['content-type']?.split(';')[0]], path).toEqual([200, type]);
      expect(headers['cache-control'], path).toBe('public, max-age=3600');
    }
  });

  it('fetch nothing from elsewhere, and follow the colour scheme', async () => {
    const own = (await pages.get('/assets/garnish.css')).text;
    const library = (await pages.get('/docs/swagger/swagger-ui.css')).text;
    expect(own).toContain('prefers-color-scheme: dark');
    for (const css of [own, library])
      expect(css).not.toMatch(/@import|url\(["']?(?:https?:)?\/\//i);
  });

  it('do not list folders or lead out of them', async () => {
    for (const path of ['/assets', '/assets/', '/docs/swagger', '/docs/swagger/', '/assets/x']) {
      expect((await pages.get(path)).status, path).toBe(404);
    }
  });
});

describe('the reference', () => {
  it('is drawn from our own document and asks no validator elsewhere', async () => {
    const { text } = await pages.get('/assets/reference.js');
    const calls: Record<string, unknown>[] = [];
    const SwaggerUIBundle = (config: Record<string, unknown>) => calls.push(config);
    runInNewContext(text, { window: { SwaggerUIBundle } });
    expect(calls).toEqual([
      expect.objectContaining({ url: '/openapi.json', validatorUrl: null, dom_id: '#reference' }),
    ]);
    expect((await pages.get('/docs')).text).toContain('<div id="reference"></div>');
  });

  it('comes with the document of this server', async () => {
    const { headers, body } = await pages.get('/openapi.json');
    expect(headers['content-type']).toBe('application/json; charset=utf-8');
    expect(body).toMatchObject({ info: { version: '1.2.3' }, servers: [{ url: BASE_URL }] });
  });
});

/** The rows of a page's tables, as text. */
const rowsOf = (html: string): readonly (readonly string[])[] =>
  [...html.matchAll(/<tr>(.*?)<\/tr>/g)].map(([, cells = '']) =>
    [...cells.matchAll(/<td>(.*?)<\/td>/g)].map(([, cell = '']) => cell),
  );

describe('the billing page', () => {
  it('shows the published prices and plans', async () => {
    const { text } = await pages.get('/dashboard/billing');
    expect(text).toContain('Plans start at 3 dollars for 20 credits, about\n0.05 dollars a credit');
    expect(rowsOf(text)).toEqual([
      [],
      ['starter', '20', '60 / 1000'],
      ['growth', '100', '60 / 1000'],
      ['pro', '400', '60 / 1000'],
      ['enterprise', 'set for the account', 'set for the account'],
      [],
      ['generate, flux-2-pro', '1 an image'],
      ['generate, seeddream', '1 an image'],
      ['generate, flux-2-max', '2 an image'],
      ['enhance', '1'],
      ['remove background', '1'],
      ['upscale 2x', '1'],
      ['upscale 4x', '2'],
    ]);
  });

  it('takes every figure from the price data', async () => {
    const data = loadPrices();
    const prices: Prices = {
      plans: { ...data.plans, pro: { monthlyCredits: 401, perMinute: 62, perDay: 1003 } },
      published: { ...data.published, starterPriceUsd: 5, starterCredits: 26 },
      operations: { ...data.operations, enhance: 7, upscale: { '2': 8, '4': 9 } },
    };
    const { text } = await served({ prices }).get('/dashboard/billing');
    expect(text).toContain('Plans start at 5 dollars for 26 credits');
    expect(rowsOf(text)).toEqual(
      expect.arrayContaining([
        ['pro', '401', '62 / 1003'],
        ['enhance', '7'],
        ['upscale 2x', '8'],
        ['upscale 4x', '9'],
      ]),
    );
  });

  it('says how the operator adds credits', async () => {
    expect((await pages.get('/dashboard/billing')).text).toContain(
      'garnish credits grant --account ACCOUNT 100',
    );
  });
});
