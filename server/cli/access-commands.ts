/** `sluice admin`: who may use the admin API over TCP, and the way into the dashboard. */
import { type Command, Option } from 'commander';
import { loginCodeLimitMs } from '../../config/base/admin-limits.js';
import { printableJson } from '../../config/base/diagnostics.js';
import { SluiceError } from '../../config/base/errors.js';
import { hashOf, newSecret } from '../admin/frame/secrets.js';
import { AdminClient } from './admin-client.js';
import { exitCode } from './exit-codes.js';

interface TokenFlags {
  readonly name?: string;
  readonly role: string;
  readonly pool?: readonly string[];
  readonly json?: boolean;
}

interface LinkFlags {
  readonly admin?: string;
  readonly config?: string;
  readonly json?: boolean;
}

/** `done` gets the exit code. */
export function addAccessCommands(program: Command, done: (code: number) => void): void {
  const admin = program.command('admin').description('who may use the admin API over TCP');
  admin
    .command('token')
    .description('make a token: prints it and the lines of the configuration that let it in; nothing is stored')
    .option('--name <name>', 'who it is for, in the log of changes; default: its role and pools')
    .addOption(new Option('--role <role>', 'what it may do').choices(['viewer', 'operator', 'admin']).default('viewer'))
    .option('--pool <pool...>', 'the only pools that it may see and act on; default: all')
    .option('--json', 'print it as JSON')
    .action((flags: TokenFlags) => done(printToken(flags)));
  admin
    .command('link')
    .description('print a link that signs in to the dashboard once, as admin')
    .option('--admin <socket>', 'path of the admin socket of the server')
    .option('--config <file>', 'take the socket from this configuration (./sluice.yaml, else /etc/sluice/sluice.yaml)')
    .option('--json', 'print the answer of the admin API')
    .action(async (flags: LinkFlags) => done(await printLink(flags)));
}

function printToken({ name, role, pool = [], json = false }: TokenFlags): number {
  const token = `slu_${newSecret()}`;
  const called = name ?? [role, ...pool].join('-').slice(0, 64);
  const entry = { name: called, hash: hashOf(token), role, ...(pool.length === 0 ? {} : { pools: pool }) };
  if (json) {
    process.stdout.write(`${JSON.stringify({ token, entry })}\n`);
    return exitCode.ok;
  }
  // JSON is YAML: no name needs other quotes.
  const [first = '', ...rest] = Object.entries(entry).map(([key, value]) => `${key}: ${JSON.stringify(value)}`);
  const lines = [
    token,
    '',
    'This is the only time it is shown. To let it in, add to the configuration (no restart is needed):',
    '',
    'admin:',
    '  tokens:',
    `    - ${first}`,
    ...rest.map((line) => `      ${line}`),
    '',
    'and send it as the field  Authorization: Bearer TOKEN',
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
  return exitCode.ok;
}

async function printLink(flags: LinkFlags): Promise<number> {
  const client = await AdminClient.open({ admin: flags.admin ?? null, config: flags.config ?? null });
  const answer = await client.ask<{ url: string }>('POST', '/api/v1/session/codes');
  const { url } = answer;
  if (url === '') throw new SluiceError('no-admin-listen', 'admin.listen is none', 'the dashboard needs admin.listen');
  process.stdout.write(`${flags.json === true ? printableJson(answer, 2) : url}\n`);
  if (flags.json !== true) process.stderr.write(`It works once, within ${loginCodeLimitMs / 60_000} minutes.\n`);
  return exitCode.ok;
}
