/**
 * Looks at configurations for the admin API in a thread of its own: what an administrator sends is parsed there, and
 * the one that serves is walked there, so that the primary's own thread goes on. One question at a time (CallerTurns).
 */
import { Worker } from 'node:worker_threads';
import { configStudiesWaitingMax, configStudyLimitMs } from '../../config/base/config-history-limits.js';
import type { Clock } from '../../config/base/clock.js';
import type { Diagnostic } from '../../config/base/diagnostics.js';
import { messageOf, SluiceError } from '../../config/base/errors.js';
import type { AdminCaller } from '../admin/frame/caller.js';
import { CallerTurns } from './caller-turns.js';
import type { ChangePlan } from '../../config/change/diff.js';
import type { Explanation } from '../../config/effective/explain.js';
import type { SettingChanges, ValuesPage, ValuesQuery } from '../../config/effective/study.js';
import type { OpenedDocument } from '../../config/compile/open-document.js';
import type { ConfigOverrides } from './config-loader.js';

/** Contents that are tried; null = the file is gone. */
export type Candidates = ReadonlyMap<string, Uint8Array | null>;

export interface StudiedConfig {
  readonly path: string;
  readonly overrides: ConfigOverrides;
  /** What serves; null: the files are read. */
  readonly document: OpenedDocument | null;
}

export type StudyOrder =
  | { readonly kind: 'values'; readonly query: ValuesQuery }
  | { readonly kind: 'explain'; readonly path: string }
  | { readonly kind: 'parts' }
  /** What it would be to replace what serves by the files with these candidates. */
  | { readonly kind: 'try'; readonly candidates: Candidates; readonly compare: boolean };

export interface Trial {
  readonly problems: readonly Diagnostic[];
  readonly problemsTotal: number;
  /** No error among them. */
  readonly isValid: boolean;
  /** Candidates that the configuration would not read. */
  readonly strangers: readonly string[];
  /** Null: not valid, or not asked for. */
  readonly plan: ChangePlan | null;
  readonly settings: SettingChanges | null;
}

export type StudyAnswer =
  | { readonly kind: 'values'; readonly page: ValuesPage }
  | { readonly kind: 'explain'; readonly explanation: Explanation }
  /** The main file and those that it includes. */
  | { readonly kind: 'parts'; readonly parts: readonly string[] }
  | { readonly kind: 'try'; readonly trial: Trial }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string; readonly remedy: string };

export interface StudyQuestion {
  readonly config: StudiedConfig;
  readonly order: StudyOrder;
}

export class ConfigStudies {
  readonly #clock: Clock;
  readonly #turns = new CallerTurns(configStudiesWaitingMax, 'questions about the configuration');
  #thread: Worker | null = null;
  #isClosed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Rejects with a SluiceError. */
  async ask<K extends StudyOrder['kind']>(
    caller: AdminCaller,
    config: StudiedConfig,
    order: Extract<StudyOrder, { kind: K }>,
  ): Promise<Extract<StudyAnswer, { kind: K }>> {
    const answer = await this.#turns.take(caller, () => this.#run({ config, order }));
    if (answer.kind === 'failed') throw new SluiceError(answer.code, answer.message, answer.remedy);
    if (isOf(order.kind, answer)) return answer;
    throw new SluiceError('internal', 'another question was answered');
  }

  /** Whoever still waits is refused. */
  close(): void {
    this.#isClosed = true;
    void this.#thread?.terminate();
  }

  #run(question: StudyQuestion): Promise<StudyAnswer> {
    if (this.#isClosed) return Promise.reject(new SluiceError('configuration-not-read', 'the server is stopping'));
    return new Promise((resolve, reject) => {
      const thread = new Worker(new URL('./config-study-main.js', import.meta.url));
      thread.unref();
      this.#thread = thread;
      const end = (): void => {
        cancel();
        if (this.#thread === thread) this.#thread = null;
        void thread.terminate();
      };
      const fail = (message: string): void => {
        end();
        reject(new SluiceError('configuration-not-read', `the configuration could not be read: ${message}`));
      };
      const cancel = this.#clock.setTimer(
        configStudyLimitMs,
        () => fail(`no result in ${configStudyLimitMs} ms`),
        true,
      );
      thread.once('message', (answer: StudyAnswer) => {
        end();
        resolve(answer);
      });
      thread.once('error', (error) => fail(messageOf(error)));
      thread.once('exit', (code) => fail(`its reader ended with ${code}`));
      thread.postMessage(question);
    });
  }
}

function isOf<K extends StudyOrder['kind']>(
  kind: K,
  answer: Exclude<StudyAnswer, { kind: 'failed' }>,
): answer is Extract<Exclude<StudyAnswer, { kind: 'failed' }>, { kind: K }> {
  return answer.kind === kind;
}
