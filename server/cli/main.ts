#!/usr/bin/env node
/** The command line. Each command's code is loaded only when it runs, so that `--help` is quick. */
import './early-signals.js';
import { readFileSync } from 'node:fs';
import { Command, CommanderError, Option } from 'commander';
import { escapeControls } from '../../config/base/diagnostics.js';
import { messageOf, SluiceError } from '../../config/base/errors.js';
import { addAccessCommands } from './access-commands.js';
import { addLogCommands } from './log-commands.js';
import { addAdminCommands } from './admin-commands.js';
import { fromAppcmd } from './appcmd.js';
import { addConfigCommands } from './config-commands.js';
import { exitCode, exitCodeOf } from './exit-codes.js';
import { addOperateCommands } from './operate-commands.js';

const defaultPath = './sluice.yaml';
const pathHelp = 'configuration file (.yaml, .yml, .json) or folder of one application';

interface StartFlags {
  readonly isolation?: 'process' | 'user' | 'sandbox';
  readonly lastGood?: boolean;
  readonly note?: readonly string[];
}

function version(): string {
  const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
  const parsed: unknown = JSON.parse(text);
  const found = typeof parsed === 'object' && parsed !== null && 'version' in parsed ? parsed.version : '';
  return typeof found === 'string' ? found : '';
}

function notesOf(pairs: readonly string[]): Map<string, string> {
  return new Map(pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]));
}

/** `done` gets the exit code. */
function createProgram(done: (code: number) => void): Command {
  const program = new Command('sluice')
    .description('Application-pool server: real apps from isolated pools through one listener.')
    .version(version())
    .exitOverride()
    .showHelpAfterError('(sluice --help shows the commands)');
  program
    .command('start')
    .description('run the server in the foreground; SIGTERM or Ctrl-C stops it, SIGHUP loads the configuration again')
    .argument('[path]', pathHelp, defaultPath)
    .addOption(
      new Option('--isolation <level>', 'isolation of every pool for this run').choices(['process', 'user', 'sandbox']),
    )
    .option('--last-good', 'if the configuration is bad, start the one that served last')
    // For `npm start`, which knows why an example cannot run on this machine.
    .addOption(new Option('--note <application=text...>', 'shown as the state of an application').hideHelp())
    .action(async (path: string, flags: StartFlags) => {
      const { start } = await import('./start-command.js');
      const { isolation = null, lastGood = false, note = [] } = flags;
      done(await start({ path, isolation, lastGood, notes: notesOf(note) }, version()));
    });
  program
    .command('check')
    .description('validate the configuration and print every problem with its place and remedy')
    .argument('[path]', pathHelp, defaultPath)
    .action(async (path: string) => {
      const { check } = await import('./check-command.js');
      done(await check(path));
    });
  addLogCommands(program, done);
  addAdminCommands(program, done);
  addOperateCommands(program, done);
  addConfigCommands(program, done);
  return program;
}

async function run(args: readonly string[]): Promise<number> {
  let code: number = exitCode.ok;
  const program = createProgram((result) => {
    code = result;
  });
  addAccessCommands(program, (result) => {
    code = result;
  });
  try {
    await program.parseAsync([...fromAppcmd(args)], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help that was asked for and --version end this way too, with code 0; everything else is a wrong call.
    return error.exitCode === 0 ? exitCode.ok : exitCode.usage;
  }
  return code;
}

// A reader that went away (`sluice check | head`) is no reason for a stack trace.
process.stdout.on('error', () => undefined);
process.stderr.on('error', () => undefined);
try {
  await end(await run(process.argv.slice(2)));
} catch (error) {
  const remedy = error instanceof SluiceError && error.remedy !== '' ? ` - ${error.remedy}` : '';
  process.stderr.write(`sluice: ${escapeControls(`${messageOf(error)}${remedy}`)}\n`);
  await end(exitCodeOf(error));
}

/** A pipe takes 64 KiB at once: the rest is lost unless somebody waits until it is read. */
async function end(code: number): Promise<never> {
  const written = [process.stdout, process.stderr].map(
    (stream) => new Promise<void>((done) => void stream.write('', () => done())),
  );
  await Promise.all(written);
  process.exit(code);
}
