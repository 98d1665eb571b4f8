/**
 * Writes docs/configuration.md and docs/limits.md from the schema of the settings.
 *
 *     npm run docs
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { environmentName, settingsSchema } from '../../src/config.ts';

interface Property {
  readonly description?: string;
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly enum?: readonly string[];
}

const schema = z.toJSONSchema(settingsSchema, { io: 'output', unrepresentable: 'any' });
const properties = Object.entries(schema.properties ?? {}) as [string, Property][];

const valueText = (value: unknown): string => {
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return '';
  return Array.isArray(value) ? value.join(',') : String(value);
};

const rangeText = ({ minimum, maximum, enum: values }: Property): string => {
  if (values !== undefined) return values.join(', ');
  return minimum === undefined ? '' : `${minimum} to ${maximum}`;
};

/** A Markdown table of some settings. */
function table(rows: readonly [string, Property][]): string {
  const lines = rows.map(([key, property]) => {
    const cells = [
      `\`${environmentName(key)}\``,
      valueText(property.default),
      rangeText(property),
      property.description ?? '',
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return ['| name | default | range | meaning |', '| --- | --- | --- | --- |', ...lines].join('\n');
}

const isLimit = ([, { description }]: [string, Property]): boolean =>
  /Error: |refused|a minute|Seconds/.test(description ?? '');

/** File name to content, as the repository holds it. */
export const settingsDocs: Readonly<Record<string, string>> = {
  'configuration.md': `# Configuration

Made by \`npm run docs\` from src/config.ts. Every setting is an environment variable; the same
settings can stand in \`garnish.config.json\` in the folder the server is started in, named without the
prefix and in camelCase (\`GARNISH_FETCH_ALLOW\` is \`fetchAllow\`). The environment wins. A name that is not
listed here, or a value out of its range, stops the start with one plain line.

Any of them can be read from a file: \`GARNISH_PUBLIC_URL_FILE=/run/secrets/url\`.

${table(properties)}
`,
  'limits.md': `# Limits

Made by \`npm run docs\` from src/config.ts: every limit, its default, and the error a caller gets.

${table(properties.filter(isLimit))}

Fixed limits: prompts of 1 to 2,000 characters, image_url of at most 2,048 characters, at most 3
redirects, 16 KiB of request headers within 10 s, at most 4 channels in a source, 15 s to decode it.
`,
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [name, text] of Object.entries(settingsDocs)) {
    writeFileSync(new URL(`../../docs/${name}`, import.meta.url), text);
  }
}
