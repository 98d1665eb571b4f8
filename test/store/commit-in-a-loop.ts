/** A process that commits: `commit-in-a-loop.ts PATH COUNT`, with a line on stderr before and after. */
import { Database } from '../../src/store/database.ts';

const [path = '', count = '0'] = process.argv.slice(2);
const database = Database.open(path);
const put = database.prepare("INSERT INTO accounts VALUES (?, '', 'pro', 'active', 0, 0, 0, 0)");
process.stderr.write('COMMITS\n');
for (let i = 0; i < Number(count); i += 1) database.transaction(() => put.run(`acc_${i}`));
process.stderr.write('COMMITS\n');
process.exit(0);
