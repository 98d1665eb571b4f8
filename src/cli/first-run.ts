/**
 * What a first user sees: where the server is, and on an empty data folder an account with credits,
 * its key (once), and a curl line that works as pasted, because a drawn sample dish is uploaded.
 */
import { copyFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RunningServer } from './server.ts';

/** Drawn by scripts/samples/draw_dish.py. */
export const SAMPLE_DISH = fileURLToPath(new URL('./sample-dish.jpg', import.meta.url));

/** Print the greeting; makes the first account when there is none. */
export async function greetFirstUser(
  server: RunningServer,
  print: (line: string) => void,
): Promise<void> {
  print(`Garnish answers on ${server.url}`);
  print(`Documentation and examples: ${server.url}/docs`);
  if (server.accounts.list().length > 0) return;
  const { prices, keys } = server.books;
  const credits = prices.published.startupGrantCredits;
  const account = server.accounts.create(
    { name: 'first account', plan: 'pro', credits },
    Date.now(),
  );
  const { key } = keys.create(account.id, { label: 'first key' });
  print('');
  print(`An account with ${credits} credits was made. Its API key, shown only now:`);
  print('');
  print(`  ${key}`);
  print('');
  // The key is out before anything can fail: it can never be shown again.
  const sampleUrl = await uploadSample(server, account.id);
  print('Try it (a drawn sample dish is uploaded already):');
  print('');
  print(
    `curl -X POST ${server.url}/api/remove-background -H "Authorization: Bearer ${key}" ` +
      `-H "Content-Type: application/json" -d '{"image_url": "${sampleUrl}"}'`,
  );
  print('');
}

async function uploadSample(server: RunningServer, accountId: string): Promise<string> {
  const path = join(server.stagingFolder, 'sample-dish');
  await copyFile(SAMPLE_DISH, path);
  const { size } = await stat(path);
  const { signal } = new AbortController();
  return (await server.intake.take({ path, bytes: size, accountId }, signal)).url;
}
