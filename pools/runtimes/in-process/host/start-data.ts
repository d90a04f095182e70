/** Start data from the primary: one environment variable, deleted before the app can see it. */
import { type HostStartData, hostStartVariable } from '../../../protocol/primary-to-host.js';

/** @returns null when this process was not started by a primary (a child of the app, a test). */
export function takeStartData(): HostStartData | null {
  const text = process.env[hostStartVariable];
  if (text === undefined) return null;
  Reflect.deleteProperty(process.env, hostStartVariable);
  return JSON.parse(text) as HostStartData;
}

/** Takes `--require FILE` out of what forks and threads of the app inherit. */
export function hidePreload(file: string): void {
  const args = process.execArgv;
  for (let at = 0; at < args.length; at += 1) {
    const argument = args[at] ?? '';
    if ((argument === '--require' || argument === '-r') && args[at + 1] === file) {
      args.splice(at, 2);
      return;
    }
    if (argument === `--require=${file}`) {
      args.splice(at, 1);
      return;
    }
  }
}
