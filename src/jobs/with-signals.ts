/** Joins signals for the time of some work. */
import { setMaxListeners } from 'node:events';

/**
 * Several signals as one, for as long as some work lasts. `AbortSignal.any` leaves an entry behind in each of its sources for
 * as long as that source lives (58 bytes each with Node 20), which is for ever where it is the server's own: at sixty jobs
 * a second the process grew by 15 MiB an hour.
 */
export async function withSignals<T>(
  sources: readonly AbortSignal[],
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const joined = new AbortController();
  const endings = sources.map((source) => ({
    source,
    end: () => joined.abort(source.reason),
  }));
  for (const { source, end } of endings) {
    setMaxListeners(0, source); // one for each job under way, which is no leak
    if (source.aborted) end();
    else source.addEventListener('abort', end, { once: true });
  }
  try {
    return await work(joined.signal);
  } finally {
    for (const { source, end } of endings) source.removeEventListener('abort', end);
  }
}
