/** One app started in some form, alone and hosted: what it said and how it ended. */
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cleanEnvironment, HostedApp } from '../../support/hosted-app.js';
import { until } from '../../support/time.js';

export interface Outcome {
  readonly said: readonly string[];
  /** Null: still running when everything was said. */
  readonly exit: number | null;
}

export interface Form {
  readonly entry: string;
  readonly form: string;
  /** The line to wait for; without it, the end of the process. */
  readonly last?: string | undefined;
}

async function outcome(text: () => string, exit: () => number | null | undefined, last?: string): Promise<Outcome> {
  await until(last ?? 'the exit', () => exit() !== undefined || (last !== undefined && text().includes(last)), {
    everyMs: 5,
    state: text,
  });
  return { said: text().split('\n').filter(Boolean), exit: exit() ?? null };
}

/** Socket files carry the process id. */
function comparable(seen: Outcome): Outcome {
  return { ...seen, said: seen.said.map((line) => line.replaceAll(/probe-\d+/g, 'probe-N')) };
}

export async function alone({ entry, form, last }: Form, port: number): Promise<Outcome> {
  const child = spawn(process.execPath, [entry, form], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...cleanEnvironment(), PORT: String(port) },
  });
  let text = '';
  let exit: number | null | undefined;
  child.stdout.setEncoding('utf8').on('data', (more: string) => {
    text += more;
  });
  child.once('close', (code) => {
    exit = code;
  });
  const seen = await outcome(
    () => text,
    () => exit,
    last,
  );
  child.kill('SIGKILL');
  await until('the end', () => exit !== undefined, { everyMs: 5 });
  // A socket that nobody closed keeps its file.
  rmSync(join(tmpdir(), `probe-${child.pid}.sock`), { force: true });
  return comparable(seen);
}

export async function hosted({ entry, form, last }: Form, port: number): Promise<Outcome> {
  const one = HostedApp.start({ entry, args: [form], envPort: port });
  try {
    return comparable(
      await outcome(
        () => one.stdout,
        () => (one.exit === null ? undefined : one.exit.code),
        last,
      ),
    );
  } finally {
    await one.stop();
  }
}
