/** One authority with our account there: gets one certificate at a time for whoever asks. */
import type { Clock } from '../../../config/base/clock.js';
import { readAuthorities } from '../../../config/load/certificate-files.js';
import type { AcmeConfig } from '../../../config/model.js';
import type { AccountKey } from './account-key.js';
import type { ChallengeBoard } from './challenge-board.js';
import { AcmeClient } from './client.js';
import { httpsCall } from './https-call.js';
import { type ChallengeKind, type Issued, runOrder } from './order.js';
import type { AcmeStore } from './store.js';

export interface AuthorityOptions {
  readonly directory: string;
  readonly config: Pick<AcmeConfig, 'email' | 'authoritiesFile'>;
  readonly store: AcmeStore;
  readonly board: ChallengeBoard;
  readonly clock: Clock;
}

export class Authority {
  readonly #options: AuthorityOptions;
  #opening: Promise<{ readonly client: AcmeClient; readonly key: AccountKey }> | null = null;

  constructor(options: AuthorityOptions) {
    this.#options = options;
  }

  async issue(name: string, kind: ChallengeKind): Promise<Issued> {
    const { board, clock } = this.#options;
    this.#opening ??= this.#open();
    const opened = this.#opening;
    const { client, key } = await opened.catch((error: unknown) => {
      // The file may be repaired until the next attempt.
      this.#opening = null;
      throw error;
    });
    return runOrder(
      {
        client,
        key,
        show: (how, host, token, text) => board.show(how, host, token, text),
        hide: (how, host, token) => board.hide(how, host, token),
        wait: (ms) => new Promise((resolve) => void clock.setTimer(ms, resolve)),
      },
      name,
      kind,
    );
  }

  async #open(): Promise<{ readonly client: AcmeClient; readonly key: AccountKey }> {
    const { directory, config, store, clock } = this.#options;
    const { email, authoritiesFile } = config;
    const read = authoritiesFile === '' ? null : await readAuthorities(authoritiesFile);
    if (read?.ok === false) throw new Error(`${read.file}: ${read.message}`);
    const key = await store.accountKey();
    const client = new AcmeClient({
      directory,
      email,
      authorities: read?.pem ?? '',
      key,
      call: (call) => httpsCall(call, clock),
      wallMs: () => clock.wallMs(),
    });
    return { client, key };
  }
}
