/** Table `accounts`. */
import type { Database, Statement } from './database.ts';

/** Plans of the contract. */
export type Plan = 'starter' | 'growth' | 'pro' | 'enterprise';
/** Whether an account may use the service. */
export type AccountStatus = 'active' | 'suspended' | 'cancelled';

/** One account. */
export interface AccountRow {
  readonly id: string;
  readonly name: string;
  readonly plan: Plan;
  readonly status: AccountStatus;
  /** Credits each month; null: the plan's. */
  readonly monthlyAllowance: number | null;
  /** Requests; null: the plan's, -1: no limit. */
  readonly perMinute: number | null;
  readonly perDay: number | null;
  readonly createdAt: number;
}

const COLUMNS = `id, name, plan, status, monthly_allowance AS monthlyAllowance,
  per_minute AS perMinute, per_day AS perDay, created_at AS createdAt`;

/** Reads and writes accounts. */
export class AccountsTable {
  readonly #insert: Statement<never>;
  readonly #get: Statement<AccountRow>;
  readonly #list: Statement<AccountRow>;
  readonly #update: Statement<never>;

  constructor(database: Database) {
    this.#insert = database.prepare(`INSERT INTO accounts
      (id, name, plan, status, monthly_allowance, per_minute, per_day, created_at)
      VALUES (@id, @name, @plan, @status, @monthlyAllowance, @perMinute, @perDay, @createdAt)`);
    this.#get = database.prepare(`SELECT ${COLUMNS} FROM accounts WHERE id = ?`);
    this.#list = database.prepare(`SELECT ${COLUMNS} FROM accounts ORDER BY created_at, id`);
    this.#update = database.prepare(`UPDATE accounts SET name = @name, plan = @plan,
      status = @status, monthly_allowance = @monthlyAllowance, per_minute = @perMinute,
      per_day = @perDay WHERE id = @id`);
  }

  insert(row: AccountRow): void {
    this.#insert.run(row);
  }

  get(id: string): AccountRow | undefined {
    return this.#get.get(id);
  }

  list(): readonly AccountRow[] {
    return this.#list.all();
  }

  update(row: AccountRow): void {
    this.#update.run(row);
  }
}
