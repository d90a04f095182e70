/** `sluice doctor`: looks at the machine and the configuration, and says what to do. Changes nothing. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { escapeControls, printableJson } from '../../config/base/diagnostics.js';
import { messageOf } from '../../config/base/errors.js';
import { loadConfig } from '../../config/compile/compile.js';
import type { CompiledConfig } from '../../config/model.js';
import { systemClock } from '../primary/clock.js';
import { serverIn } from '../primary/instance-lock.js';
import { AdminClient, usualFile } from './admin-client.js';
import { type Paint, painter } from './colours.js';
import { type Finding, ok, problem, warning } from '../doctor/finding.js';
import { examineFolders } from '../doctor/folders.js';
import { examineMachine } from '../doctor/machine.js';
import { examinePorts } from '../primary/port-check.js';
import { exitCode } from './exit-codes.js';
import { plural } from './plural.js';

export interface DoctorFlags {
  readonly json?: boolean;
}

/** 1 when there is a problem; warnings alone are 0. */
export async function doctor(path: string | null, flags: DoctorFlags): Promise<number> {
  const findings = await examineAll(path);
  const count = (state: Finding['state']): number => findings.filter((one) => one.state === state).length;
  if (flags.json === true) process.stdout.write(`${printableJson({ findings }, 2)}\n`);
  else {
    const paint = painter(process.stdout);
    for (const finding of findings) process.stdout.write(`${format(finding, paint)}\n`);
    process.stdout.write(`${plural(count('problem'), 'problem')}, ${plural(count('warning'), 'warning')}\n`);
  }
  return count('problem') > 0 ? exitCode.failed : exitCode.ok;
}

async function examineAll(path: string | null): Promise<readonly Finding[]> {
  const wallMs = systemClock.wallMs();
  const file = path ?? usualFile();
  if (file === null || !existsSync(file)) {
    const remedy = 'name it: sluice doctor FILE';
    const text = file === null ? 'there is none at the usual places' : `${file} does not exist`;
    const none = path === null ? warning('configuration', text, remedy) : problem('configuration', text, remedy);
    return [...examineMachine([], wallMs), none];
  }
  const { config, diagnostics } = await loadConfig(resolve(file), { environment: process.env });
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  if (config === null || errors.length > 0) {
    const [first] = errors;
    const where = first === undefined ? '' : `: line ${first.line}: ${first.message}`;
    const text = `${file} has ${plural(errors.length, 'error')}${where}`;
    return [...examineMachine([], wallMs), problem('configuration', text, `sluice check ${file} shows every one`)];
  }
  return [
    ...examineMachine(config.pools, wallMs),
    ok('configuration', `${file}, ${plural(diagnostics.length, 'warning')}`),
    ...examineFolders(config, wallMs),
    ...examinePorts(config, serverIn(config.server.runDir)),
    await runningServer(config),
  ];
}

async function runningServer(config: CompiledConfig): Promise<Finding> {
  const check = 'server';
  const pid = serverIn(config.server.runDir);
  if (pid === 0) return ok(check, 'does not run');
  try {
    const client = await AdminClient.open({ admin: config.server.admin.socket, config: null });
    const { status, text } = await client.get('/readyz?verbose');
    if (status === 200) return ok(check, `process ${pid} is ready`);
    const missing = text.split('\n').filter((line) => line.startsWith('[-]'));
    return problem(check, `process ${pid} is not ready: ${missing.join(', ')}`, 'see its log');
  } catch (error) {
    const remedy = 'look at its log, and whether this user may open the socket';
    return problem(check, `process ${pid} does not answer: ${messageOf(error)}`, remedy);
  }
}

const marks = { ok: 'ok', warning: 'warning', problem: 'PROBLEM' } as const;
const colours = { ok: 'green', warning: 'yellow', problem: 'red' } as const;

function format({ state, check, text, remedy }: Finding, paint: Paint): string {
  const line = `${paint(colours[state], marks[state].padEnd(8))} ${escapeControls(`${check}: ${text}`)}`;
  return remedy === '' ? line : `${line}\n${' '.repeat(9)}-> ${escapeControls(remedy)}`;
}
