/** Declares `sluice logs` and `sluice trace`; their code is loaded when they run. */
import { type Command, Option } from 'commander';
import { flagged } from './admin-commands.js';
import type { AdminFlags } from './pool-command.js';
import type { TailFlags } from './tail-command.js';

/** `done` gets the exit code. */
export function addLogCommands(program: Command, done: (code: number) => void): void {
  const logs = program
    .command('logs')
    .description('the server log; with --pool the output of its workers, with --site its access log; -f follows')
    .option('-f, --follow', 'go on with what is added, until Ctrl-C')
    .option('-n, --lines <count>', 'how many of the last lines', '50')
    .option('--pool <name>', 'the workers of this pool; with --source access the lines about it')
    .option('--worker <id>', 'this worker of the pool only')
    .option('--site <name>', 'the access log of this site')
    .addOption(new Option('--source <log>', 'which log').choices(['server', 'access', 'output']));
  flagged(logs).action(async (flags: TailFlags) => done(await (await import('./tail-command.js')).tailLogs(flags)));
  const trace = program.command('trace').description('requests that met a rule of traceFailedRequests');
  flagged(trace.command('list').description('the newest first').option('--site <name>', 'of this site only')).action(
    async (flags: AdminFlags & { readonly site?: string }) =>
      done(await (await import('./trace-command.js')).listTraces(flags)),
  );
  flagged(trace.command('show <site> <id>').description('the whole life of one request')).action(
    async (site: string, id: string, flags: AdminFlags) =>
      done(await (await import('./trace-command.js')).showTrace(site, id, flags)),
  );
  const reopen = logs
    .command('reopen')
    .description('open every log file anew, after logrotate or somebody else renamed it')
    .argument('[path]', 'the same as --config');
  // `logs` has the same flags and takes them, wherever they stand.
  flagged(reopen).action(async (path: string | undefined, _: unknown, command: Command) => {
    const flags = command.optsWithGlobals<AdminFlags>();
    const named = path === undefined ? flags : { ...flags, config: path };
    done(await (await import('./logs-command.js')).reopenLogs(named));
  });
}
