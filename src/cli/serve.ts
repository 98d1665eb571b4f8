/** `garnish serve`: start, say what a first user needs, stop on a signal. */
import type { Command } from 'commander';
import { loadConfig } from '../config.ts';
import { createLog, errorFields, type Log } from '../observability/log.ts';
import { greetFirstUser } from './first-run.ts';
import { type RunningServer, startServer } from './server.ts';

function stopOnSignals(server: RunningServer, log: Log): void {
  let isStopping = false;
  const stop = (signal: NodeJS.Signals) => {
    if (isStopping) {
      process.exitCode = 1;
      process.kill(process.pid, 'SIGKILL'); // asked twice: do not wait for running jobs
      return;
    }
    isStopping = true;
    log.info('stopping', { signal });
    server.stop().then(
      () => {
        log.info('stopped');
        process.exit(0);
      },
      (error: unknown) => {
        log.error('stop-failed', errorFields(error));
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

function dieOnBugs(log: Log): void {
  process.on('uncaughtException', (error) => {
    log.error('uncaught', errorFields(error));
    process.exit(1);
  });
}

/** Adds the command. */
export function addServeCommand(program: Command): void {
  program
    .command('serve', { isDefault: true })
    .description('Start the server. Settings: GARNISH_* (docs/configuration.md).')
    .action(async () => {
      const config = loadConfig();
      const log = createLog(config.logLevel);
      dieOnBugs(log);
      const server = await startServer(config, log);
      stopOnSignals(server, log);
      await greetFirstUser(server, (line) => process.stdout.write(`${line}\n`)).catch(
        (error: unknown) => log.warn('sample-not-uploaded', errorFields(error)),
      );
    });
}
