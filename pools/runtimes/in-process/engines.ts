/** What the application says about the Node it needs, beside a start that failed. */
import { join } from 'node:path';
import { detectionJsonBytesMax } from '../../../config/base/limits.js';
import { decodeText, readBounded } from '../../../config/load/read-file.js';
import type { Identity } from '../isolation/identity.js';
import { StartError } from '../start-error.js';
import { nodeVersion, runtimeUnfit } from './node-binary.js';
import { isInRange } from './node-range.js';

export interface EnginesQuestion {
  readonly nodePath: string;
  readonly physicalPath: string;
  readonly identity: Identity | null;
}

const rangeCharsMax = 200;

/**
 * The failure as it is, or with the remark that package.json asks for another Node. `engines` is advice, as it is to
 * Node itself: it never stops a start, it only explains one that failed.
 */
export async function besideEngines(error: StartError, question: EnginesQuestion): Promise<StartError> {
  const range = await enginesOf(question.physicalPath);
  if (range === '') return error;
  try {
    const { major, minor, patch } = await nodeVersion(question.nodePath, question.identity);
    const version = `${major}.${minor}.${patch}`;
    if (isInRange(version, range) !== false) return error;
    return new StartError(
      'node-version',
      `${error.message}; its package.json asks for Node ${range}, and this is ${version}`,
      'Set nodePath of the pool to a Node that fits.',
      true,
      runtimeUnfit,
    );
  } catch {
    return error;
  }
}

async function enginesOf(physicalPath: string): Promise<string> {
  const read = await readBounded(join(physicalPath, 'package.json'), detectionJsonBytesMax, false);
  if (read.kind !== 'bytes') return '';
  try {
    const value: unknown = JSON.parse(decodeText(read.bytes) ?? '');
    const node = field(field(value, 'engines'), 'node');
    return typeof node === 'string' ? node.slice(0, rangeCharsMax) : '';
  } catch {
    return '';
  }
}

function field(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  return Reflect.get(value, name) as unknown;
}
