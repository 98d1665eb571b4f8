-- Jobs that nobody waits on the line for: their batch, their times, and every step of their life.

-- A batch is a set of jobs of one operation that were reserved together.
CREATE TABLE batches (
  id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES accounts (id),
  key_id TEXT NOT NULL REFERENCES api_keys (id),
  operation TEXT NOT NULL,
  item_count INTEGER NOT NULL CHECK (item_count > 0),
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX batches_by_account ON batches (account_id, created_at);

ALTER TABLE jobs ADD COLUMN is_async INTEGER NOT NULL DEFAULT 0 CHECK (is_async IN (0, 1));
ALTER TABLE jobs ADD COLUMN batch_id TEXT REFERENCES batches (id);
-- Place in the batch's request, from 0.
ALTER TABLE jobs ADD COLUMN batch_index INTEGER;
ALTER TABLE jobs ADD COLUMN started_at INTEGER;
ALTER TABLE jobs ADD COLUMN finished_at INTEGER;
-- How often it began to run: after a crash it may run once more, not for ever.
ALTER TABLE jobs ADD COLUMN starts INTEGER NOT NULL DEFAULT 0;
CREATE INDEX jobs_by_batch ON jobs (batch_id, batch_index) WHERE batch_id IS NOT NULL;
DROP INDEX jobs_by_account;
CREATE INDEX jobs_by_account ON jobs (account_id, created_at, id);

CREATE TABLE job_events (
  job_id TEXT NOT NULL REFERENCES jobs (id),
  -- 1, 2, 3 …: the id that Last-Event-ID gives back.
  seq INTEGER NOT NULL,
  state TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (job_id, seq)
) STRICT, WITHOUT ROWID;
