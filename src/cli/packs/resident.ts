/** `garnish packs ps`, `load` and `unload`: what the running server has in memory. */
import type { Command } from 'commander';
import type { z } from 'zod';
import type { adminPack, adminPacksResponse } from '../../contract/admin.ts';
import { printJson, printLine, printResult, printTable } from '../output.ts';
import { wholeNumber } from '../parse.ts';
import { callServer, type ServerOptions } from './running-server.ts';

type AdminPack = z.infer<typeof adminPack>;
type AdminPacks = z.infer<typeof adminPacksResponse>;

interface CommonOptions extends ServerOptions {
  readonly json?: true;
}

const FOR_EVER = -1;
const YEAR_S = 31_536_000;

/** A number of seconds, or -1. */
const stay = (text: string): number => (text === '-1' ? FOR_EVER : wholeNumber(0, YEAR_S)(text));

/** How long a pack stays after its last use. */
const stayText = (keepAliveS: number): string =>
  keepAliveS === FOR_EVER ? 'for ever' : `${keepAliveS} s`;

const rowsOf = ({ id, task, loaded, measured_mib, declared_mib }: AdminPack) =>
  loaded.map((one) => ({
    pack: id,
    task,
    device: one.device,
    provider: one.provider,
    process: one.pid,
    copies: one.copies,
    'MiB each': measured_mib ?? declared_mib,
    measured: measured_mib === null ? 'no' : 'yes',
    pinned: one.pinned ? 'yes' : 'no',
    stays: stayText(one.keep_alive_s),
    uses: one.uses,
    'last used': one.last_used_at,
    until: one.expires_at,
  }));

async function ps(options: CommonOptions): Promise<void> {
  const call = { method: 'GET', path: '/api/admin/packs' } as const;
  const answer = (await callServer(options, call)) as AdminPacks;
  if (options.json) {
    printJson(answer);
    return;
  }
  const rows = answer.packs.flatMap(rowsOf);
  if (rows.length === 0) printLine('No pack is in memory.');
  else printTable(rows);
  for (const { device, used_mib, budget_mib, rss_mib } of answer.devices) {
    const budget = budget_mib === null ? 'no budget' : `a budget of ${budget_mib}`;
    printLine(`${device}: ${used_mib} MiB of packs, ${budget}; the process has ${rss_mib} MiB.`);
  }
}

const pathOf = (id: string, move: string): string =>
  `/api/admin/packs/${encodeURIComponent(id)}/${move}`;

async function load(
  id: string,
  options: CommonOptions & { readonly keepAlive?: number; readonly pin?: boolean },
): Promise<void> {
  const { keepAlive, pin } = options;
  const body = {
    ...(keepAlive === undefined ? {} : { keep_alive_s: keepAlive }),
    ...(pin === undefined ? {} : { pin }),
  };
  const path = pathOf(id, 'load');
  const pack = (await callServer(options, { method: 'POST', path, body })) as AdminPack;
  const where = pack.loaded.map(({ device }) => device).join(', ');
  printResult(options, pack, `${id} is in memory on ${where}.`);
}

async function unload(id: string, options: CommonOptions): Promise<void> {
  const pack = await callServer(options, { method: 'POST', path: pathOf(id, 'unload') });
  printResult(options, pack, `${id} is out of memory.`);
}

/** Adds the three commands. */
export function addResidentCommands(packs: Command): void {
  const url = ['--url <url>', "address of the server; default: the settings'"] as const;
  const key = ['--key <key>', 'API key with the scope admin; default: GARNISH_API_KEY'] as const;
  const json = ['--json', 'print one JSON value'] as const;
  packs
    .command('ps')
    .description('What the running server has in memory, where, and for how long.')
    .option(...url)
    .option(...key)
    .option(...json)
    .action(ps);
  packs
    .command('load')
    .description('Bring a pack into the memory of the running server.')
    .argument('<id>')
    .option('--keep-alive <s>', 'seconds it stays after its last use; 0: none, -1: for ever', stay)
    .option('--pin', 'let it stay whatever else is asked for')
    .option('--no-pin', 'let it go when others need its room')
    .option(...url)
    .option(...key)
    .option(...json)
    .action(load);
  packs
    .command('unload')
    .description('Let the running server give a pack back, when its tasks have ended.')
    .argument('<id>')
    .option(...url)
    .option(...key)
    .option(...json)
    .action(unload);
}
