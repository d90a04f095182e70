/**
 * Programs of the administrator that run for an event of a pool (failure.autoShutdownExe, orphanActionExe):
 * as the user of Sluice, with an environment built from nothing, never by a shell, for a minute at most.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Clock } from '../../config/base/clock.js';
import { eventProgramLimitMs } from '../../config/base/limits.js';
import type { LogFields, Logger } from '../../config/base/logger.js';
import { systemPath } from '../../config/base/system-path.js';
import type { ProgramConfig } from '../../config/model.js';

export class EventPrograms {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #running = new Set<ChildProcess>();

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
  }

  /** How it ends is logged with `about`. */
  run(program: ProgramConfig, about: LogFields): void {
    const child = spawn(program.file, [...program.arguments], {
      cwd: '/',
      env: { PATH: systemPath },
      stdio: 'ignore',
      detached: true,
    });
    const fields = { ...about, program: program.file, pid: child.pid ?? 0 };
    child.once('error', (error) => this.#logger.error('event-program-failed', { ...fields, cause: error.message }));
    if (child.pid === undefined) return;
    this.#logger.info('event-program-started', fields);
    this.#running.add(child);
    const cancel = this.#clock.setTimer(eventProgramLimitMs, () => killGroup(child));
    child.once('exit', (code, signal) => {
      cancel();
      this.#running.delete(child);
      this.#logger.info('event-program-ended', { ...fields, code, signal });
    });
  }

  close(): void {
    for (const child of this.#running) killGroup(child);
  }
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Gone already, which is what is wanted.
  }
}
