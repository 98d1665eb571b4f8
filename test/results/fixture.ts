import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { AccountsTable } from '../../src/store/accounts-table.ts';
import { ApiKeysTable } from '../../src/store/api-keys-table.ts';
import { Database } from '../../src/store/database.ts';
import { JobsTable } from '../../src/store/jobs-table.ts';

export const sha256 = (bytes: string | Buffer): string =>
  createHash('sha256').update(bytes).digest('hex');

/** A data folder and a database with the accounts `acc_a` and `acc_b` and one job, `bg_job`. */
export function storeFixture(): { readonly dataDir: string; readonly database: Database } {
  const dataDir = mkdtempSync(join(tmpdir(), 'garnish-test-'));
  const database = Database.open(':memory:');
  onTestFinished(() => {
    database.close();
    rmSync(dataDir, { recursive: true, force: true });
  });
  const accounts = new AccountsTable(database);
  for (const id of ['acc_a', 'acc_b']) {
    accounts.insert({
      id,
      name: id,
      plan: 'growth',
      status: 'active',
      monthlyAllowance: null,
      perMinute: null,
      perDay: null,
      createdAt: 0,
    });
  }
  new ApiKeysTable(database).insert({
    id: 'key_a',
    accountId: 'acc_a',
    hash: Buffer.alloc(32),
    last4: 'abcd',
    label: 'test',
    scopes: 'read',
    expiresAt: null,
    revokedAt: null,
    lastUsedAt: null,
    isSandbox: 0,
    createdAt: 0,
  });
  new JobsTable(database).insert({
    id: 'bg_job',
    accountId: 'acc_a',
    keyId: 'key_a',
    operation: 'remove-background',
    state: 'reserved',
    costCredits: 1,
    requestJson: '{}',
    packId: 'pack',
    createdAt: 0,
  });
  return { dataDir, database };
}
