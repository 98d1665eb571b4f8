-- Times are milliseconds UTC. Credits are whole numbers.

CREATE TABLE accounts (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  plan TEXT NOT NULL CHECK (plan IN ('starter', 'growth', 'pro', 'enterprise')),
  status TEXT NOT NULL CHECK (status IN ('active', 'suspended', 'cancelled')),
  -- NULL: the plan's. A rate of -1: none.
  monthly_allowance INTEGER CHECK (monthly_allowance >= 0),
  per_minute INTEGER CHECK (per_minute >= -1),
  per_day INTEGER CHECK (per_day >= -1),
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE api_keys (
  id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES accounts (id),
  hash BLOB NOT NULL UNIQUE,
  last4 TEXT NOT NULL,
  label TEXT NOT NULL,
  scopes TEXT NOT NULL,
  expires_at INTEGER,
  revoked_at INTEGER,
  last_used_at INTEGER,
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX api_keys_by_account ON api_keys (account_id);

CREATE TABLE jobs (
  id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES accounts (id),
  key_id TEXT NOT NULL REFERENCES api_keys (id),
  operation TEXT NOT NULL,
  state TEXT NOT NULL
    CHECK (state IN ('reserved', 'queued', 'running', 'published', 'settled', 'voided')),
  cost_credits INTEGER NOT NULL CHECK (cost_credits >= 0),
  request_json TEXT NOT NULL,
  pack_id TEXT NOT NULL,
  result_json TEXT,
  error_code TEXT,
  error_message TEXT,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX jobs_by_account ON jobs (account_id, created_at);
CREATE INDEX jobs_unfinished ON jobs (state) WHERE state NOT IN ('settled', 'voided');

-- Append-only: a balance is the sum of its entries, and nothing is ever corrected in place.
CREATE TABLE ledger (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  account_id TEXT NOT NULL REFERENCES accounts (id),
  job_id TEXT REFERENCES jobs (id),
  kind TEXT NOT NULL CHECK (kind IN ('renewal', 'grant', 'reserve', 'void', 'expiry')),
  bucket TEXT NOT NULL CHECK (bucket IN ('monthly', 'granted')),
  amount INTEGER NOT NULL,
  -- Month of the entry, 'YYYY-MM': a monthly credit is worth nothing after it.
  period TEXT NOT NULL,
  note TEXT,
  created_at INTEGER NOT NULL,
  UNIQUE (job_id, kind, bucket)
) STRICT;
CREATE INDEX ledger_by_account ON ledger (account_id, bucket, amount);
CREATE TRIGGER ledger_no_update BEFORE UPDATE ON ledger
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER ledger_no_delete BEFORE DELETE ON ledger
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;

-- One row for each finished job: a second settle or void cannot be written.
CREATE TABLE job_outcomes (
  job_id TEXT PRIMARY KEY REFERENCES jobs (id),
  account_id TEXT NOT NULL REFERENCES accounts (id),
  outcome TEXT NOT NULL CHECK (outcome IN ('settled', 'voided')),
  cost_credits INTEGER NOT NULL,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX job_outcomes_by_account ON job_outcomes (account_id, outcome, created_at);
CREATE TRIGGER job_outcomes_no_update BEFORE UPDATE ON job_outcomes
BEGIN SELECT RAISE(ABORT, 'outcomes are final'); END;
CREATE TRIGGER job_outcomes_no_delete BEFORE DELETE ON job_outcomes
BEGIN SELECT RAISE(ABORT, 'outcomes are final'); END;

-- A month is renewed once for each account.
CREATE TABLE renewals (
  account_id TEXT NOT NULL REFERENCES accounts (id),
  period TEXT NOT NULL,
  PRIMARY KEY (account_id, period)
) STRICT, WITHOUT ROWID;

CREATE TABLE idempotency (
  account_id TEXT NOT NULL REFERENCES accounts (id),
  key TEXT NOT NULL,
  body_sha256 TEXT NOT NULL,
  job_id TEXT NOT NULL REFERENCES jobs (id),
  created_at INTEGER NOT NULL,
  PRIMARY KEY (account_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_by_age ON idempotency (created_at);

CREATE TABLE results (
  -- Path below the CDN folder, 'nobg/<26 characters>.png'.
  name TEXT PRIMARY KEY,
  job_id TEXT NOT NULL REFERENCES jobs (id),
  account_id TEXT NOT NULL REFERENCES accounts (id),
  bytes INTEGER NOT NULL,
  sha256 TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER,
  -- The row outlives its file, so that an expired result is told from one that never was.
  deleted_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX results_by_job ON results (job_id);
CREATE INDEX results_by_expiry ON results (expires_at) WHERE deleted_at IS NULL;

CREATE TABLE uploads (
  id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES accounts (id),
  bytes INTEGER NOT NULL,
  width INTEGER NOT NULL,
  height INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX uploads_by_expiry ON uploads (expires_at);

-- Requests of the UTC day that `day` names; kept so that a restart gives no second allowance.
CREATE TABLE day_counts (
  account_id TEXT PRIMARY KEY REFERENCES accounts (id),
  day INTEGER NOT NULL,
  count INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
