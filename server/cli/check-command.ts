import { resolve } from 'node:path';
import { formatDiagnostic } from '../../config/base/diagnostics.js';
import { loadConfig } from '../../config/compile/compile.js';
import type { CompiledConfig } from '../../config/model.js';
import { exitCode } from './exit-codes.js';

/** Prints every problem, then a summary; 1 when there is an error, else 0. */
export async function check(path: string): Promise<number> {
  const { config, diagnostics } = await loadConfig(resolve(path), { environment: process.env });
  for (const diagnostic of diagnostics) console.log(formatDiagnostic(diagnostic));
  const errors = diagnostics.filter((one) => one.severity === 'error').length;
  const warnings = diagnostics.length - errors;
  if (config === null || errors > 0) {
    console.log(`${count(errors, 'error')}, ${count(warnings, 'warning')}`);
    return exitCode.failed;
  }
  console.log(`OK: ${summary(config)}${warnings === 0 ? '' : `, ${count(warnings, 'warning')}`}`);
  return exitCode.ok;
}

function summary({ sites, applications, pools }: CompiledConfig): string {
  const refused = applications.filter((one) => one.failure !== null).length;
  const parts = [count(sites.length, 'site'), count(applications.length, 'application'), count(pools.length, 'pool')];
  if (refused > 0) parts.push(`${count(refused, 'application')} answering an error until corrected`);
  return parts.join(', ');
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
