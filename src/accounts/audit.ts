/**
 * Checks the books from the outside: running totals equal to the sums of their entries, no balance below
 * zero, every final job with exactly one outcome of the same name, every voided reservation returned in full
 * to its buckets, no reservation without a job, no charge in the sandbox.
 */
import type { Database } from '../store/database.ts';

/** A check: what its rows mean, and the query that finds them. */
interface Check {
  readonly claim: string;
  readonly sql: string;
}

const CHECKS: readonly Check[] = [
  {
    claim: 'has a balance that is not the sum of its entries',
    sql: `SELECT account_id AS id FROM (SELECT account_id, bucket, SUM(amount) AS amount FROM ledger
        GROUP BY account_id, bucket) AS sums
      FULL JOIN balances USING (account_id, bucket) WHERE sums.amount IS NOT balances.amount`,
  },
  {
    claim: 'has a month whose use is not the sum of its settled jobs',
    sql: `SELECT account_id AS id FROM (SELECT account_id,
        strftime('%Y-%m', created_at / 1000, 'unixepoch') AS month, SUM(cost_credits) AS credits
        FROM job_outcomes WHERE outcome = 'settled' GROUP BY account_id, month) AS sums
      FULL JOIN settled_months USING (account_id, month) WHERE sums.credits IS NOT settled_months.credits`,
  },
  {
    claim: 'has a bucket below zero',
    sql: `SELECT account_id AS id FROM ledger GROUP BY account_id, bucket HAVING SUM(amount) < 0`,
  },
  {
    claim: 'is final without an outcome of that name',
    sql: `SELECT jobs.id FROM jobs LEFT JOIN job_outcomes ON job_id = jobs.id
      WHERE state IN ('settled', 'voided') AND outcome IS NOT state`,
  },
  {
    claim: 'has an outcome but is not final',
    sql: `SELECT jobs.id FROM jobs JOIN job_outcomes ON job_id = jobs.id
      WHERE state NOT IN ('settled', 'voided')`,
  },
  {
    claim: 'does not hold its price',
    sql: `SELECT jobs.id FROM jobs LEFT JOIN ledger ON job_id = jobs.id AND kind = 'reserve'
      GROUP BY jobs.id HAVING COALESCE(-SUM(amount), 0) <> cost_credits`,
  },
  {
    claim: 'is a sandbox job but costs credits',
    sql: `SELECT jobs.id FROM jobs JOIN api_keys ON api_keys.id = key_id
      WHERE is_sandbox = 1 AND cost_credits <> 0`,
  },
  {
    claim: 'was voided but not returned in full',
    sql: `SELECT DISTINCT jobs.id FROM jobs
      JOIN ledger ON job_id = jobs.id AND kind IN ('reserve', 'void')
      WHERE state = 'voided' GROUP BY jobs.id, bucket HAVING SUM(amount) <> 0`,
  },
  {
    claim: 'was settled but something was returned',
    sql: `SELECT jobs.id FROM jobs JOIN ledger ON job_id = jobs.id AND kind = 'void'
      WHERE state = 'settled'`,
  },
  {
    claim: 'was settled without a stored result',
    sql: `SELECT jobs.id FROM jobs LEFT JOIN results ON job_id = jobs.id
      WHERE state = 'settled' AND results.name IS NULL`,
  },
  {
    claim: 'has a reservation without a job',
    sql: `SELECT DISTINCT ledger.account_id AS id FROM ledger LEFT JOIN jobs ON jobs.id = job_id
      WHERE kind IN ('reserve', 'void') AND jobs.id IS NULL`,
  },
];

/** Every violation as a line; none when the books are in order. */
export function auditBooks(database: Database): readonly string[] {
  return CHECKS.flatMap(({ claim, sql }) =>
    database
      .prepare<{ id: string }>(sql)
      .all()
      .map(({ id }) => `${id} ${claim}.`),
  );
}
