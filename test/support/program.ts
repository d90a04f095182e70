import { type ChildProcess, spawn } from 'node:child_process';
import { within } from './time.js';

export interface ProgramExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Program {
  readonly child: ChildProcess;
  readonly pid: number;
  /** Both streams, in order of arrival, the last 256 KiB. */
  output(): string;
  readonly exited: Promise<ProgramExit>;
  /** Sends the signal (SIGTERM) and waits for the end; SIGKILL after the limit. */
  stop(signal?: NodeJS.Signals, limitMs?: number): Promise<ProgramExit>;
}

export interface ProgramOptions {
  readonly cwd?: string;
  /** The whole environment; the caller's by default. */
  readonly env?: NodeJS.ProcessEnv;
  readonly detached?: boolean;
  /** As another user. */
  readonly uid?: number;
  readonly gid?: number;
  /** Ours, which the program gets as 3, 4 ... */
  readonly descriptors?: readonly number[];
}

const outputKept = 262_144;

/** Starts a program and keeps what it prints. The caller stops it. */
export function startProgram(command: string, args: readonly string[], options: ProgramOptions = {}): Program {
  const { descriptors = [], ...rest } = options;
  const child: ChildProcess = spawn(command, [...args], { ...rest, stdio: ['ignore', 'pipe', 'pipe', ...descriptors] });
  let output = '';
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString('utf8')).slice(-outputKept);
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  const exited = new Promise<ProgramExit>((resolve) => {
    child.once('error', (error) => {
      output += `${error.message}\n`;
      resolve({ code: -1, signal: null });
    });
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  return {
    child,
    pid: child.pid ?? -1,
    output: () => output,
    exited,
    stop: async (signal = 'SIGTERM', limitMs = 15_000) => {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      try {
        return await within(limitMs, `${command} ends after ${signal}`, exited);
      } catch {
        child.kill('SIGKILL');
        return exited;
      }
    },
  };
}

/** Runs a program to its end. */
export async function run(
  command: string,
  args: readonly string[],
  options: ProgramOptions & { readonly limitMs?: number } = {},
): Promise<ProgramExit & { readonly output: string }> {
  const program = startProgram(command, args, options);
  try {
    const exit = await within(options.limitMs ?? 60_000, `${command} ${args.join(' ')}`, program.exited);
    return { ...exit, output: program.output() };
  } catch (error) {
    program.child.kill('SIGKILL');
    throw error;
  }
}
