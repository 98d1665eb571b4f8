/** Holds the file it is given until it is killed. */
import { holdFile } from '../../src/store/database.ts';

holdFile(process.argv[2] ?? '');
process.stdout.write('held\n');
setInterval(() => undefined, 1000);
