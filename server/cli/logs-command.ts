/** `sluice logs reopen`: asks the running server over its admin socket, and comes back when the old files are free. */
import { request } from 'node:http';
import { resolve } from 'node:path';
import { formatDiagnostic } from '../../config/base/diagnostics.js';
import { messageOf, SluiceError } from '../../config/base/errors.js';
import { adminRequestLimitMs } from '../../config/base/limits.js';
import { loadConfig } from '../../config/compile/compile.js';
import { reopenLogsPath } from '../admin/paths.js';
import { exitCode } from './exit-codes.js';

export async function reopenLogs(path: string): Promise<number> {
  const { config, diagnostics } = await loadConfig(resolve(path), { environment: process.env });
  if (config === null) {
    for (const diagnostic of diagnostics) console.error(formatDiagnostic(diagnostic));
    return exitCode.failed;
  }
  const status = await post(config.server.admin.socket, reopenLogsPath);
  if (status < 200 || status > 299)
    throw new SluiceError('logs-not-reopened', `the server answered ${status}`, 'see its log');
  return exitCode.ok;
}

function post(socketPath: string, path: string): Promise<number> {
  return new Promise((done, fail) => {
    const asked = request({ socketPath, path, method: 'POST', timeout: adminRequestLimitMs }, (answer) => {
      answer.resume();
      answer.once('end', () => done(answer.statusCode ?? 0));
    });
    asked.once('timeout', () => asked.destroy(new Error(`no answer within ${adminRequestLimitMs} ms`)));
    asked.once('error', (error) => {
      const remedy = 'is the server of this configuration running, and may this user open its socket?';
      fail(new SluiceError('admin-unreachable', `${socketPath}: ${messageOf(error)}`, remedy));
    });
    asked.end();
  });
}
