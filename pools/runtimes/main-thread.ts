/** What the kernel tells of the main thread of a process that is silent. Never throws. */
import { readFileSync } from 'node:fs';
import { escapeControls, shorten } from '../../config/base/diagnostics.js';
import type { KernelView } from '../protocol/stall-report.js';
import { readCommandLine, readProcesses, readStat } from './proc.js';

const stackLinesMax = 12;
const childrenMax = 5;
const commandCharsMax = 120;

export interface MainThread extends KernelView {
  /** A debugger of the operating system holds it. */
  readonly isTraced: boolean;
}

export function readMainThread(pid: number): MainThread {
  const state = readStat(pid)?.state ?? '';
  const tracer = /^TracerPid:\s*([0-9]+)$/m.exec(read(`/proc/${pid}/status`))?.[1] ?? '0';
  const waitsIn = /^[A-Za-z_][A-Za-z0-9_.]{0,63}$/.exec(read(`/proc/${pid}/wchan`))?.[0] ?? '';
  return { isTraced: tracer !== '0', state, waitsIn, stack: readStack(pid), children: readChildren(pid) };
}

/** Only for root, and not in every container. */
function readStack(pid: number): readonly string[] {
  return read(`/proc/${pid}/stack`)
    .split('\n')
    .map((line) => /^\[<[^>]*>\] ([A-Za-z0-9_.+/]+)/.exec(line)?.[1] ?? '')
    .filter((name) => name !== '')
    .slice(0, stackLinesMax);
}

function readChildren(pid: number): readonly string[] {
  const children = readProcesses().filter(({ parent }) => parent === pid);
  return children.slice(0, childrenMax).map((child) => {
    const words = readCommandLine(child.pid).filter((word) => word !== '');
    return escapeControls(shorten(words.join(' '), commandCharsMax));
  });
}

function read(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}
