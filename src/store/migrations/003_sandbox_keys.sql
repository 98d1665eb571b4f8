-- Sandbox keys: free, watermarked, counted on windows of their own.

ALTER TABLE api_keys ADD COLUMN is_sandbox INTEGER NOT NULL DEFAULT 0 CHECK (is_sandbox IN (0, 1));

-- Requests of the UTC day that `day` names; kept so that a restart gives no second allowance.
CREATE TABLE window_day_counts (
  account_id TEXT NOT NULL REFERENCES accounts (id),
  is_sandbox INTEGER NOT NULL CHECK (is_sandbox IN (0, 1)),
  day INTEGER NOT NULL,
  count INTEGER NOT NULL,
  PRIMARY KEY (account_id, is_sandbox)
) STRICT, WITHOUT ROWID;
INSERT INTO window_day_counts SELECT account_id, 0, day, count FROM day_counts;
DROP TABLE day_counts;
ALTER TABLE window_day_counts RENAME TO day_counts;
