/** Which Node a binary is, asked of the binary itself once per file, and what that Node can run. */
import { execFile } from 'node:child_process';
import { statSync } from 'node:fs';
import { oldestHostNode } from '../../../config/base/limits.js';
import { systemPath } from '../../../config/base/system-path.js';
import type { Identity } from '../isolation/identity.js';
import { StartError } from '../start-error.js';

export interface NodeVersion {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
}

/** The runtime is the trouble, not the application. */
export const runtimeUnfit = { status: 500, subStatus: 31 } as const;

/** It prints one line; a program that does not end is none. */
const answerMs = 10_000;
const known = new Map<string, NodeVersion>();

/** Throws StartError `node-version`: no Node, or one that the host does not know. Asked as the pool's own user. */
export async function nodeVersion(nodePath: string, identity: Identity | null): Promise<NodeVersion> {
  const found = nodePath === process.execPath ? parse(process.version) : await asked(nodePath, identity);
  if (found === null) {
    throw new StartError(
      'node-version',
      `${nodePath} does not answer --version as a Node.js binary does`,
      'Correct nodePath of the pool, or leave it out: then the pool runs on the Node of Sluice.',
      true,
      runtimeUnfit,
    );
  }
  const [major, minor] = oldestHostNode;
  if (found.major > major || (found.major === major && found.minor >= minor)) return found;
  throw new StartError(
    'node-version',
    `${nodePath} is Node ${written(found)}; in-process hosting needs ${major}.${minor} or newer`,
    'Set nodePath of the pool to a newer Node, or hostingModel: OutOfProcess, which takes any.',
    true,
    runtimeUnfit,
  );
}

export function written({ major, minor }: NodeVersion): string {
  return `${major}.${minor}`;
}

async function asked(nodePath: string, identity: Identity | null): Promise<NodeVersion | null> {
  const { mtimeMs, size, ino } = statSync(nodePath);
  const key = `${nodePath}\0${ino}\0${size}\0${mtimeMs}`;
  const before = known.get(key);
  if (before !== undefined) return before;
  const user = identity === null ? {} : { uid: identity.uid, gid: identity.gid };
  const answer = await new Promise<string>((done) => {
    execFile(
      nodePath,
      ['--version'],
      { ...user, env: { PATH: systemPath }, timeout: answerMs, killSignal: 'SIGKILL' },
      (_error, stdout) => done(stdout),
    );
  });
  const version = parse(answer);
  if (version !== null) known.set(key, version);
  return version;
}

function parse(text: string): NodeVersion | null {
  const match = /^v(\d{1,4})\.(\d{1,4})\.(\d{1,4})/.exec(text);
  return match === null ? null : { major: Number(match[1]), minor: Number(match[2]), patch: Number(match[3]) };
}

const typeScript = /\.[cm]?ts$/;
const loaders = /^(-r|--require|--import|--loader|--experimental-loader)(=|$)/;

/**
 * Throws StartError `typescript-entry` where this Node cannot run the entry. With a loader among the options
 * (`--import tsx`) that is the loader's affair.
 */
export function mustRunEntry(entry: string, version: NodeVersion, options: readonly string[]): void {
  if (!typeScript.test(entry) || options.some((one) => loaders.test(one)) || stripsTypes(version, options)) return;
  throw new StartError(
    'typescript-entry',
    `entry ${entry} is TypeScript, which Node ${written(version)} cannot run${options.some(isOff) ? ' with types not stripped' : ''}`,
    'Compile it and name the JavaScript file in `arguments`, name a loader there (--import tsx), or set nodePath of the pool to Node 22.18 or newer.',
  );
}

/** Node 22.6 strips types when asked to; 22.18 and 23.6 without being asked. */
function stripsTypes({ major, minor }: NodeVersion, options: readonly string[]): boolean {
  if (options.some(isOff)) return false;
  if (major > 23 || (major === 23 && minor >= 6) || (major === 22 && minor >= 18)) return true;
  const canStrip = major === 23 || (major === 22 && minor >= 6);
  return canStrip && options.some((one) => /^--experimental-(strip|transform)-types$/.test(one));
}

function isOff(option: string): boolean {
  return option === '--no-experimental-strip-types' || option === '--no-strip-types';
}
