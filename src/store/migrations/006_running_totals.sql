-- What was summed over all entries of an account at every call, kept as they are written: a call must not cost more
-- the longer an account's history is. Only the triggers write here, in the transaction of the entry; the audit sums
-- the entries themselves and compares.
CREATE TABLE balances (
  account_id TEXT NOT NULL REFERENCES accounts (id),
  bucket TEXT NOT NULL CHECK (bucket IN ('monthly', 'granted')),
  amount INTEGER NOT NULL,
  PRIMARY KEY (account_id, bucket)
) STRICT, WITHOUT ROWID;
INSERT INTO balances (account_id, bucket, amount)
  SELECT account_id, bucket, SUM(amount) FROM ledger GROUP BY account_id, bucket;
CREATE TRIGGER ledger_into_balances AFTER INSERT ON ledger
BEGIN
  INSERT INTO balances (account_id, bucket, amount) VALUES (NEW.account_id, NEW.bucket, NEW.amount)
    ON CONFLICT (account_id, bucket) DO UPDATE SET amount = amount + NEW.amount;
END;

-- Credits of settled jobs by the month, 'YYYY-MM' in UTC, in which they were settled.
CREATE TABLE settled_months (
  account_id TEXT NOT NULL REFERENCES accounts (id),
  month TEXT NOT NULL,
  credits INTEGER NOT NULL,
  PRIMARY KEY (account_id, month)
) STRICT, WITHOUT ROWID;
INSERT INTO settled_months (account_id, month, credits)
  SELECT account_id, strftime('%Y-%m', created_at / 1000, 'unixepoch') AS month, SUM(cost_credits)
  FROM job_outcomes WHERE outcome = 'settled' GROUP BY account_id, month;
CREATE TRIGGER outcomes_into_settled_months AFTER INSERT ON job_outcomes WHEN NEW.outcome = 'settled'
BEGIN
  INSERT INTO settled_months (account_id, month, credits)
    VALUES (NEW.account_id, strftime('%Y-%m', NEW.created_at / 1000, 'unixepoch'), NEW.cost_credits)
    ON CONFLICT (account_id, month) DO UPDATE SET credits = credits + NEW.cost_credits;
END;
DROP INDEX job_outcomes_by_account;
