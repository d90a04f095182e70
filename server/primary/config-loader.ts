import { Worker } from 'node:worker_threads';
import type { Clock } from '../../config/base/clock.js';
import type { Diagnostic } from '../../config/base/diagnostics.js';
import { messageOf } from '../../config/base/errors.js';
import { configLoadLimitMs } from '../../config/base/limits.js';
import type { LoadResult } from '../../config/compile/compile.js';
import type { OpenedDocument } from '../../config/compile/open-document.js';
import type { Isolation } from '../../config/model.js';

export interface ConfigOverrides {
  /** `--isolation`: holds for every pool of this run. */
  readonly isolation?: Isolation;
}

export interface LoadRequest {
  /** Absolute path of a configuration file or of an app folder. */
  readonly path: string;
  readonly overrides: ConfigOverrides;
  /** If it is bad, the stored copy of the one that served last. Only at the start of the server. */
  readonly lastGood: boolean;
  /** Used instead of the file: only what belongs to the applications is read. */
  readonly document?: OpenedDocument;
}

/** Loads and checks the configuration in a thread of its own; never rejects. */
export function loadInThread(request: LoadRequest, clock: Clock): Promise<LoadResult> {
  return new Promise((resolve) => {
    const thread = new Worker(new URL('./config-thread-main.js', import.meta.url), { workerData: request });
    const settle = (result: LoadResult): void => {
      cancel();
      resolve(result);
      void thread.terminate();
    };
    const fail = (message: string): void => settle({ config: null, diagnostics: [failure(request.path, message)] });
    const cancel = clock.setTimer(configLoadLimitMs, () => fail(`not read within ${configLoadLimitMs} ms`), true);
    thread.once('message', (result: LoadResult) => settle(result));
    thread.once('error', (error) => fail(messageOf(error)));
    thread.once('exit', (code) => fail(`its reader ended with ${code}`));
  });
}

function failure(file: string, message: string): Diagnostic {
  return { severity: 'error', code: 'load-failed', file, line: 0, column: 0, path: '', message, remedy: '' };
}
