/** A parent to be killed: prints its engine's process id and is then in a run that does not end. */
import { testBench } from './test-packs.ts';

const bench = await testBench();
const engine = bench.engine();
await engine.start();
const signal = new AbortController().signal;
void engine.run(bench.task('cutout', 'endless'), { signal, deadlineMs: 600_000 });
process.stdout.write(`${JSON.stringify({ pid: engine.state[0]?.pid, folder: bench.folder })}\n`);
