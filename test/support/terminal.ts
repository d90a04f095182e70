/** A program on a real terminal: it is typed to, resized, signalled, and what it wrote is read. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { python3 } from './find-program.js';
import { repository } from './paths.js';
import { until } from './time.js';

export interface TerminalEnd {
  /** Of the program; negative = the signal that ended it. */
  readonly code: number;
  /** The terminal is in the mode in which the program found it. */
  readonly restored: boolean;
}

export interface Terminal {
  /** All that was written so far. */
  screen(): string;
  /** Waits until that holds the text. */
  shows(text: string | RegExp, since?: number): Promise<void>;
  type(keys: string): void;
  resize(rows: number, columns: number): void;
  signal(number: number): void;
  readonly ended: Promise<TerminalEnd>;
  /** For whoever is done with it, ended or not. */
  close(): void;
}

export interface TerminalOptions {
  readonly rows?: number;
  readonly columns?: number;
  readonly env?: NodeJS.ProcessEnv;
}

/** Needs python3. */
export function openTerminal(command: readonly string[], options: TerminalOptions = {}): Terminal {
  const { rows = 24, columns = 80, env = process.env } = options;
  const script = join(repository, 'test', 'support', 'terminal.py');
  const child = spawn(python3, [script, String(rows), String(columns), ...command], { env });
  let [screen, told] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    screen += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    told += text;
  });
  child.stdin.on('error', () => undefined);
  const ended = new Promise<TerminalEnd>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => {
      try {
        resolve(JSON.parse(told) as TerminalEnd);
      } catch {
        reject(new Error(`the terminal broke: ${told}\n${screen}`));
      }
    });
  });
  ended.catch(() => undefined);
  const order = (what: object): void => void child.stdin.write(`${JSON.stringify(what)}\n`);
  return {
    screen: () => screen,
    shows: async (text, since = 0) => {
      const has = (): boolean => {
        const now = screen.slice(since);
        return typeof text === 'string' ? now.includes(text) : text.test(now);
      };
      await until(`the terminal shows ${text}`, has, { withinMs: 60_000, state: () => screen.slice(-4_000) });
    },
    type: (keys) => order({ keys }),
    resize: (toRows, toColumns) => order({ size: [toRows, toColumns] }),
    signal: (number) => order({ signal: number }),
    ended,
    close: () => void child.kill('SIGTERM'),
  };
}
