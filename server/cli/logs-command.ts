/** `sluice logs reopen`: asks the running server, and comes back when the old files are free. */
import { reopenLogsPath } from '../admin/paths.js';
import { exitCode } from './exit-codes.js';
import { type AdminFlags, open } from './pool-command.js';

export async function reopenLogs(flags: AdminFlags): Promise<number> {
  const client = await open(flags);
  await client.order(reopenLogsPath);
  if (flags.json === true) process.stdout.write('{}\n');
  return exitCode.ok;
}
