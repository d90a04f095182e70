/** `sluice healthcheck`: for containers. Two short questions; nothing of the server is loaded for them. */
import { healthcheckLimitMs } from '../../config/base/cli-limits.js';
import { escapeControls } from '../../config/base/diagnostics.js';
import { AdminClient } from './admin-client.js';
import { exitCode } from './exit-codes.js';

export async function healthcheck(flags: { readonly admin?: string; readonly config?: string }): Promise<number> {
  const client = await AdminClient.open({ admin: flags.admin ?? null, config: flags.config ?? null });
  for (const path of ['/livez', '/readyz?verbose']) {
    const { status, text } = await client.get(path, healthcheckLimitMs / 2);
    if (status === 200) continue;
    const missing = text.split('\n').filter((line) => line.startsWith('[-]'));
    process.stdout.write(`${path.split('?', 1)[0]} ${status} ${escapeControls(missing.join(', '))}`.trimEnd());
    process.stdout.write('\n');
    return exitCode.failed;
  }
  process.stdout.write('ok\n');
  return exitCode.ok;
}
