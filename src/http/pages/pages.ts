/** The pages people see: start, documentation, billing; and the files these use. No outside request. */
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import express, { Router } from 'express';
import type { Prices } from '../../accounts/prices.ts';
import { quickExamples } from '../../contract/examples.ts';
import { buildOpenApiDocument } from '../../contract/openapi.ts';
import { escapeHtml, page } from './html.ts';

/** What the pages tell. */
export interface PagesOptions {
  readonly baseUrl: string;
  readonly version: string;
  readonly prices: Prices;
}

const ASSETS = fileURLToPath(new URL('./assets/', import.meta.url));
const SWAGGER = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
const STATIC = { index: false, redirect: false, maxAge: '1h' } as const;

function startPage({ baseUrl, version }: PagesOptions): string {
  return page(
    'Food photographs, on your own machine',
    `<p>Garnish ${escapeHtml(version)} answers on <code>${escapeHtml(baseUrl)}</code>.</p>
<pre><code>curl -X POST ${escapeHtml(baseUrl)}/api/remove-background \\
  -H "Authorization: Bearer $API_KEY" -H "Content-Type: application/json" \\
  -d '{"image_url": "https://example.com/burger.jpg"}'</code></pre>
<ul>
<li><a href="/docs">API documentation and quick examples</a></li>
<li><a href="/openapi.json">OpenAPI document</a></li>
<li><a href="/dashboard/billing">Prices and credits</a></li>
</ul>`,
  );
}

function examplesHtml(baseUrl: string): string {
  return quickExamples(baseUrl)
    .map(({ title, code }) => {
      const blocks = Object.entries(code).map(
        ([language, text]) =>
          `<details${language === 'curl' ? ' open' : ''}><summary>${language}</summary>` +
          `<pre><code>${escapeHtml(text)}</code></pre></details>`,
      );
      return `<section><h3>${escapeHtml(title)}</h3>${blocks.join('\n')}</section>`;
    })
    .join('\n');
}

function docsPage({ baseUrl }: PagesOptions): string {
  return page(
    'API documentation',
    `<p>Put your key into <code>API_KEY</code>. Local pictures go through
<code>POST /api/uploads</code> first: <code>curl -H "Authorization: Bearer $API_KEY" -F file=@dish.jpg
${escapeHtml(baseUrl)}/api/uploads</code> answers with an <code>image_url</code>.</p>
<h2>Quick examples</h2>
${examplesHtml(baseUrl)}
<h2>Reference</h2>
<div id="reference"></div>
<script src="/docs/swagger/swagger-ui-bundle.js"></script>
<script src="/assets/reference.js"></script>`,
    '<link rel="stylesheet" href="/docs/swagger/swagger-ui.css">\n',
  );
}

const row = (cells: readonly (string | number)[]): string =>
  `<tr>${cells.map((cell) => `<td>${escapeHtml(String(cell))}</td>`).join('')}</tr>`;

function billingPage({ prices }: PagesOptions): string {
  const { plans, operations, published } = prices;
  const planRows = Object.entries(plans).map(([name, plan]) =>
    row([
      name,
      name === 'enterprise' ? 'set for the account' : plan.monthlyCredits,
      name === 'enterprise' ? 'set for the account' : `${plan.perMinute} / ${plan.perDay}`,
    ]),
  );
  const generateRows = Object.entries(operations.generate).map(([model, credits]) =>
    row([`generate, ${model}`, `${credits} an image`]),
  );
  return page(
    'Prices and credits',
    `<p>Plans start at ${published.starterPriceUsd} dollars for ${published.starterCredits} credits, about
${published.pricePerCreditUsd} dollars a credit, less on higher plans.</p>
<table><caption>Plans</caption>
<thead><tr><th>Plan</th><th>Credits a month</th><th>Requests a minute / a day</th></tr></thead>
<tbody>${planRows.join('\n')}</tbody></table>
<table><caption>Operations</caption>
<thead><tr><th>Operation</th><th>Credits</th></tr></thead>
<tbody>${generateRows.join('\n')}
${row(['enhance', operations.enhance])}
${row(['remove background', operations['remove-background']])}
${row(['upscale 2x', operations.upscale[2]])}
${row(['upscale 4x', operations.upscale[4]])}</tbody></table>
<p>A call that does not deliver its result is not charged.</p>
<p>The operator of this server adds credits: <code>garnish credits grant --account ACCOUNT 100</code>.</p>`,
  );
}

/** The routes of the pages. */
export function pagesRouter(options: PagesOptions): Router {
  const router = Router({ caseSensitive: true, strict: true });
  const document = buildOpenApiDocument({ publicUrl: options.baseUrl, version: options.version });
  const pages = {
    '/': startPage(options),
    '/docs': docsPage(options),
    '/dashboard/billing': billingPage(options),
  };
  for (const [path, html] of Object.entries(pages)) {
    router.get(path, (_req, res) => {
      res.type('html').send(html);
    });
  }
  router.get('/openapi.json', (_req, res) => {
    res.json(document);
  });
  router.use('/assets', express.static(ASSETS, STATIC));
  for (const name of ['swagger-ui.css', 'swagger-ui-bundle.js']) {
    router.get(`/docs/swagger/${name}`, (_req, res) => {
      res.sendFile(name, { root: SWAGGER, maxAge: '1h' });
    });
  }
  return router;
}
