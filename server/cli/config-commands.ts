/** Declares `sluice config`; its code is loaded when one of its verbs runs. */
import type { Command } from 'commander';
import { flagged } from './admin-commands.js';
import type { ApplyFlags, CandidateFlags } from './config-command.js';
import type { AdminFlags } from './pool-command.js';

const commands = () => import('./config-command.js');
const candidateHelp = 'file on this machine with the new text; - for the standard input';
const asHelp = 'the file of the configuration that it replaces or adds (default: the main file)';
const hashHelp = 'what you saw: refused when somebody changed it since (default: what is there now)';

/** `done` gets the exit code. */
export function addConfigCommands(program: Command, done: (code: number) => void): void {
  const config = program.command('config').description('the configuration: look, explain, try, apply, go back');
  config
    .command('check')
    .description('validate a configuration without a server, as `sluice check`')
    .argument('[path]', 'configuration file or app folder', './sluice.yaml')
    .option('--json', 'print the problems as JSON')
    .action(async (path: string, flags: { readonly json?: boolean }) =>
      done(await (await commands()).checkConfiguration(path, flags)),
    );
  flagged(config.command('show').description('settings that take effect, with file and line of each'))
    .argument('[setting]', 'only this part: applicationPools.shop', '')
    .option('--all', 'also those that nobody wrote')
    .action(async (path: string, flags: AdminFlags & { readonly all?: boolean }) =>
      done(await (await commands()).showValues(path, flags)),
    );
  flagged(config.command('explain <setting>').description('one setting: value, source, default, meaning')).action(
    async (path: string, flags: AdminFlags) => done(await (await commands()).explainSetting(path, flags)),
  );
  flagged(config.command('diff').description('what a new text of a file would change; nothing is written'))
    .argument('<file>', candidateHelp)
    .option('--as <name>', asHelp)
    .action(async (file: string, flags: CandidateFlags) => done(await (await commands()).diffCandidate(file, flags)));
  flagged(
    config.command('apply').description('write a new text of a file and apply it; if refused, all stays as it was'),
  )
    .argument('<file>', candidateHelp)
    .option('--as <name>', asHelp)
    .option('--hash <hash>', hashHelp)
    .option('--force', 'whatever is there now')
    .option('--note <text>', 'for the history')
    .action(async (file: string, flags: ApplyFlags) => done(await (await commands()).applyCandidate(file, flags)));
  flagged(config.command('history').description('the last 50 applied configurations')).action(
    async (flags: AdminFlags) => done(await (await commands()).listHistory(flags)),
  );
  flagged(config.command('rollback <id>').description('go back to an applied configuration'))
    .option('--hash <hash>', hashHelp)
    .option('--force', 'whatever is there now')
    .option('--note <text>', 'for the history')
    .action(async (id: string, flags: ApplyFlags) => done(await (await commands()).rollBack(id, flags)));
}
