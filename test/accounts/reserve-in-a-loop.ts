/**
 * A process that reserves again and again: `reserve-in-a-loop.ts PATH ACCOUNT COUNT`. It says it is
 * ready, waits for a line, and prints how many reservations it got.
 */
import { once } from 'node:events';
import { codeOf } from './caught.ts';
import { MARCH, openTestBooks } from './fixture.ts';

const [path = '', accountId = '', count = '0'] = process.argv.slice(2);
const books = openTestBooks(path, MARCH);
process.stdout.write('ready\n');
await once(process.stdin, 'data');
let got = 0;
for (let i = 0; i < Number(count); i += 1) {
  if (codeOf(() => books.reserve(accountId, 1)) === undefined) got += 1;
}
process.stdout.write(`${got}\n`);
books.database.close();
process.exit(0);
