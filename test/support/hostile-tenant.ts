/** Tells test/apps/hostile what to do, and reads the control groups that hold it. */
import { readFileSync } from 'node:fs';
import { app } from './paths.js';
import type { Settings, Sluice } from './sluice.js';

export interface Deed {
  readonly done?: unknown;
  /** An errno name. */
  readonly failed?: string;
}

export const hostileApp = app('hostile');

/** A pool `name` with the hostile application at `/name`; both hosting models run it. */
export function hostileApplication(name: string, more: Settings = {}): Settings {
  return { path: `/${name}`, applicationPool: name, physicalPath: hostileApp, ...more };
}

export async function tell(sluice: Sluice, pool: string, what: string, argument = ''): Promise<Deed> {
  const answer = await sluice.call(`/${pool}/${what}?a=${encodeURIComponent(argument)}`);
  if (answer.status !== 200)
    throw new Error(`/${pool}/${what} answered ${answer.status}: ${answer.text.slice(0, 500)}`);
  return JSON.parse(answer.text) as Deed;
}

/** A file of its pool's control group (with `at` '' the worker's own, which lies in it) in version 1's hierarchy of the controller, or of version 2. */
export function groupFile(
  pid: number,
  controller: string,
  names: readonly [first: string, second: string],
  at = '..',
): string {
  const lines = readFileSync(`/proc/${pid}/cgroup`, 'latin1').split('\n');
  const first = lines.find((line) => line.split(':')[1]?.split(',').includes(controller))?.split(':')[2];
  const second = lines.find((line) => line.startsWith('0::'))?.slice(3) ?? '/';
  const mounts = readFileSync('/proc/self/mounts', 'latin1')
    .split('\n')
    .map((line) => line.split(' '));
  const mount = mounts.find(([, , type, options = '']) =>
    first === undefined ? type === 'cgroup2' : type === 'cgroup' && options.split(',').includes(controller),
  )?.[1];
  return readFileSync(
    `${mount ?? ''}${first ?? second}/${at}/${first === undefined ? names[1] : names[0]}`,
    'latin1',
  ).trim();
}
