import { resolve } from 'node:path';
import { formatDiagnostic } from '../../config/base/diagnostics.js';
import { loadConfig } from '../../config/compile/compile.js';
import type { ApplicationConfig, CompiledConfig } from '../../config/model.js';
import { exitCode } from './exit-codes.js';
import { plural } from './plural.js';

/**
 * Prints every problem, then a summary; 1 when there is an error, or an application that cannot run because
 * of its own folder or web.config, else 0.
 */
export async function check(path: string): Promise<number> {
  const { config, diagnostics } = await loadConfig(resolve(path), { environment: process.env });
  for (const diagnostic of diagnostics) console.log(formatDiagnostic(diagnostic));
  const errors = diagnostics.filter((one) => one.severity === 'error').length;
  const warnings = plural(diagnostics.length - errors, 'warning');
  if (config === null || errors > 0) {
    console.log(`${plural(errors, 'error')}, ${warnings}`);
    return exitCode.failed;
  }
  const broken = config.applications.filter(isBroken).length;
  if (broken > 0) {
    const they = broken === 1 ? 'it answers' : 'they answer';
    console.log(`${plural(broken, 'application')} cannot run, ${warnings}: ${summary(config)}`);
    console.log(`\`sluice start\` goes on without ${broken === 1 ? 'it' : 'them'}: ${they} an error until corrected`);
    return exitCode.failed;
  }
  console.log(`OK: ${summary(config)}${diagnostics.length === 0 ? '' : `, ${warnings}`}`);
  return exitCode.ok;
}

/** 500.34 and 500.35 are about the order of applications in a pool, and IIS only tells them at run time. */
function isBroken({ failure }: ApplicationConfig): boolean {
  return failure !== null && failure.subStatus !== 34 && failure.subStatus !== 35;
}

function summary({ sites, applications, pools }: CompiledConfig): string {
  const refused = applications.filter((one) => one.failure !== null).length;
  const parts = [
    plural(sites.length, 'site'),
    plural(applications.length, 'application'),
    plural(pools.length, 'pool'),
  ];
  if (refused > 0) parts.push(`${plural(refused, 'application')} answering an error until corrected`);
  return parts.join(', ');
}
