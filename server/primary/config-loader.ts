import { Worker } from 'node:worker_threads';
import type { CancelTimer, Clock } from '../../config/base/clock.js';
import type { Diagnostic } from '../../config/base/diagnostics.js';
import { messageOf } from '../../config/base/errors.js';
import { configLoadLimitMs, configThreadYoungMb, lastGoodDelayMs } from '../../config/base/limits.js';
import { storeLastGood } from '../../config/change/last-good.js';
import { type ConfigPatch, patched } from '../../config/change/patch.js';
import type { LoadResult } from '../../config/compile/compile.js';
import type { OpenedDocument } from '../../config/compile/open-document.js';
import type { CompiledConfig, Isolation } from '../../config/model.js';

export interface ConfigOverrides {
  /** `--isolation`: holds for every pool of this run. */
  readonly isolation?: Isolation;
}

/** A document that was loaded: itself, or its number in the thread that has it. */
export type ServedDocument = OpenedDocument | NumberedDocument;

export interface NumberedDocument {
  readonly number: number;
  readonly alone: boolean;
  /** The file and those that it includes; null = too many to be told. */
  readonly parts: readonly string[] | null;
}

export interface LoadRequest {
  /** Absolute path of a configuration file or of an app folder. */
  readonly path: string;
  readonly overrides: ConfigOverrides;
  /** If it is bad, the stored copy of the one that served last. Only at the start of the server. */
  readonly lastGood: boolean;
  /** Used instead of the file: only what belongs to the applications is read. */
  readonly document?: ServedDocument;
  /** The only files that may have changed since the load before; absent: any. */
  readonly changed?: ReadonlySet<string>;
}

export type LoadedConfig = Omit<LoadResult, 'document'> & { readonly document?: ServedDocument };

/** Main thread -> configuration thread. */
export type LoaderOrder =
  | { readonly kind: 'load'; readonly request: LoadRequest }
  | { readonly kind: 'store-last-good'; readonly version: string };

/** Configuration thread -> main thread. */
export type LoaderAnswer =
  | {
      readonly kind: 'loaded';
      readonly result: Omit<LoadedConfig, 'config'>;
      /** From what was sent before to what was loaded now. */
      readonly patch: ConfigPatch | null;
      /** The thread stays for the next load: what it knows is worth its memory. */
      readonly stays: boolean;
    }
  | { readonly kind: 'stored'; readonly error: string };

/**
 * Loads and checks configurations in a thread of their own. With a few sites it ends with its answer; with many it
 * stays, reads only what has changed, and answers with the difference.
 */
export class ConfigLoader {
  readonly #clock: Clock;
  #thread: Worker | null = null;
  /** What the thread sent last. */
  #sent: CompiledConfig | null = null;
  #settle: ((answer: LoaderAnswer) => void) | null = null;
  #cancelStore: CancelTimer = () => undefined;
  #beganAtMs = Number.POSITIVE_INFINITY;
  #stored: ((error: string) => void) | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Wall time at which the newest load began; what changed before is in it. */
  get beganAtMs(): number {
    return this.#beganAtMs;
  }

  /** Never rejects. One load at a time. */
  load(request: LoadRequest): Promise<LoadedConfig> {
    this.#beganAtMs = this.#clock.wallMs();
    const isLost = request.document !== undefined && 'number' in request.document && this.#thread === null;
    const { document: _, ...whole } = request;
    return new Promise((resolve) => {
      const fail = (message: string): void => {
        this.#drop();
        done({ config: null, diagnostics: [loadFailed(request.path, message)] });
      };
      const cancel = this.#clock.setTimer(
        configLoadLimitMs,
        () => fail(`not read within ${configLoadLimitMs} ms`),
        true,
      );
      const done = (result: LoadedConfig): void => {
        cancel();
        this.#settle = null;
        resolve(result);
      };
      const thread = this.#thread ?? this.#start(fail);
      this.#settle = (answer) => {
        if (answer.kind === 'loaded') done(this.#take(answer));
      };
      // The thread that had the document is gone: all is read again.
      thread.postMessage({ kind: 'load', request: isLost ? whole : request } satisfies LoaderOrder);
    });
  }

  /**
   * Keeps a copy of what serves, for `--last-good`; one call at a time. Rejects when it cannot be written. `written`:
   * the copy is on the disk, the one before has the name; told only when the thread has no part in it.
   */
  storeLastGood(config: CompiledConfig, written: () => void): Promise<void> {
    if (this.#thread === null || this.#sent !== config) return storeLastGood(config, written);
    return new Promise((resolve, reject) => {
      this.#stored = (error) => {
        this.#stored = null;
        if (error === '') resolve();
        else reject(new Error(error));
      };
      // Megabytes: once for changes that follow each other closely.
      this.#cancelStore = this.#clock.setTimer(lastGoodDelayMs, () => {
        const order: LoaderOrder = { kind: 'store-last-good', version: config.version };
        this.#thread?.postMessage(order);
      });
    });
  }

  close(): void {
    this.#drop();
  }

  #start(fail: (message: string) => void): Worker {
    const thread = new Worker(new URL('./config-thread-main.js', import.meta.url), {
      resourceLimits: { maxYoungGenerationSizeMb: configThreadYoungMb },
    });
    thread.unref();
    this.#thread = thread;
    const ended = (message: string): void => {
      if (this.#thread !== thread) return;
      this.#drop();
      if (this.#settle !== null) fail(message);
    };
    thread.on('message', (answer: LoaderAnswer) => {
      if (answer.kind === 'stored') this.#stored?.(answer.error);
      else this.#settle?.(answer);
    });
    thread.once('error', (error) => ended(messageOf(error)));
    thread.once('exit', (code) => ended(`its reader ended with ${code}`));
    return thread;
  }

  #take({ result, patch, stays }: Extract<LoaderAnswer, { kind: 'loaded' }>): LoadedConfig {
    const config = patch === null ? null : patched(this.#sent, patch);
    if (!stays) this.#drop();
    else if (config !== null) this.#sent = config;
    return { ...result, config };
  }

  #drop(): void {
    const thread = this.#thread;
    this.#thread = null;
    this.#sent = null;
    this.#cancelStore();
    this.#stored?.('');
    if (thread !== null) void thread.terminate();
  }
}

/** For a configuration that could not be read at all. */
export function loadFailed(file: string, message: string): Diagnostic {
  return { severity: 'error', code: 'load-failed', file, line: 0, column: 0, path: '', message, remedy: '' };
}
