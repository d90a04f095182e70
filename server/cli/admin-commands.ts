/** Declares `sluice pool`, `sluice worker` and `sluice cert`; their code is loaded when one of them runs. */
import { type Command, Option } from 'commander';
import type { AdminFlags, WorkerFlags } from './pool-command.js';

const poolActions = {
  start: 'start the pool; after rapid-fail protection too',
  stop: 'stop the pool: requests finish, then every worker ends',
  recycle: 'replace every worker by a new one; no request is lost',
} as const;

const workerActions = {
  recycle: 'replace the worker by a new one',
  stop: 'end the worker politely; it comes back with the next request (AlwaysRunning: at once)',
  suspend: 'set the worker aside until the next request',
  resume: 'let a suspended worker go on',
} as const;

/** `done` gets the exit code. */
export function addAdminCommands(program: Command, done: (code: number) => void): void {
  addPoolCommands(program.command('pool').description('application pools of a running server'), done);
  const certificates = program.command('cert').description('certificates of a running server');
  flagged(certificates.command('list').description('every certificate in use or on order, with its end')).action(
    async (flags: AdminFlags) => done(await (await import('./cert-command.js')).listCertificates(flags)),
  );
  flagged(
    program.command('upgrade').description('replace the running server by the installed version; no request is lost'),
  ).action(async (flags: AdminFlags) => done(await (await import('./upgrade-command.js')).upgrade(flags)));
  addWorkerCommands(program.command('worker').description('worker processes of a running server'), done);
}

const commands = () => import('./pool-command.js');

function addPoolCommands(pool: Command, done: (code: number) => void): void {
  flagged(pool.command('list').description('every pool with its state'))
    .option('--state <state>', 'only those in this state: Started, Stopped ...')
    .action(async (flags: AdminFlags & { readonly state?: string }) => done(await (await commands()).listPools(flags)));
  flagged(pool.command('show <name>').description('one pool: applications, workers, receipts, obituaries')).action(
    async (name: string, flags: AdminFlags) => done(await (await commands()).showPool(name, flags)),
  );
  for (const action of ['start', 'stop', 'recycle'] as const) {
    flagged(pool.command(`${action} <name>`).description(poolActions[action])).action(
      async (name: string, flags: AdminFlags) => done(await (await commands()).actOnPool(action, name, flags)),
    );
  }
}

function addWorkerCommands(worker: Command, done: (code: number) => void): void {
  flagged(worker.command('list').description('every worker process'))
    .option('--pool <name>', 'of this pool only')
    .option('--worker <id>', 'this one only: its id or process id')
    .action(async (flags: WorkerFlags) => done(await (await commands()).listWorkers(flags)));
  for (const action of ['recycle', 'stop', 'suspend', 'resume'] as const) {
    flagged(worker.command(`${action} <id>`).description(workerActions[action])).action(
      async (id: string, flags: AdminFlags) => done(await (await commands()).actOnWorker(action, id, flags)),
    );
  }
  flagged(worker.command('dump <id>').description('write a diagnostic report or heap snapshot and print its path'))
    .addOption(new Option('--kind <kind>', 'what to write').choices(['report', 'heap']).default('report'))
    .action(async (id: string, flags: AdminFlags & { readonly kind: string }) =>
      done(await (await commands()).actOnWorker('dump', id, flags)),
    );
}

/** With what every command has that talks to a server. */
export function flagged(command: Command): Command {
  return command
    .option(
      '--admin <socket-or-url>',
      'the server: path of its admin socket, or http(s)://HOST:PORT with a token in SLUICE_TOKEN',
    )
    .option('--config <file>', 'take the socket from this configuration (./sluice.yaml, else /etc/sluice/sluice.yaml)')
    .option('--json', 'print the answer of the admin API');
}
