/** Work that Ctrl-C stops in order: what it left is gone on with by the same command. */

/** Exit codes of a process that a signal ended, as shells count them. */
const SIGNAL_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

/** Fires at Ctrl-C or a SIGTERM; once more ends the process as it is, which loses nothing. */
function stopOnSignals(): AbortSignal {
  const stopping = new AbortController();
  for (const [name, code] of Object.entries(SIGNAL_CODES)) {
    process.once(name, () => {
      process.exitCode = code;
      stopping.abort(new Error('Stopped. Run the same command again to go on.'));
    });
  }
  return stopping.signal;
}

/** Do work that takes long; stopped by a signal, it ends with a sentence and the signal's exit code. */
export async function untilSignal(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const signal = stopOnSignals();
  try {
    await work(signal);
  } catch (error) {
    if (!signal.aborted) throw error;
    process.stderr.write(`garnish: ${(signal.reason as Error).message}\n`); // keeps the exit code
  }
}
