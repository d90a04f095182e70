/** The admin listeners of this primary: given up and opened again around an upgrade. */
import type { ControlPlane } from '../admin/control-plane.js';
import type { DoorOptions } from '../admin/frame/door.js';
import type { AdminListeners } from '../admin/listen.js';
import { type CertificateView, ExpiryWarnings, factsOf, viewOf } from './certificate-views.js';
import type { SampleFeed } from './node-sample.js';

export class AdminListening {
  readonly #control: ControlPlane;
  readonly #options: DoorOptions;
  readonly #newFeed: () => SampleFeed;
  #open: AdminListeners | null = null;
  #feed: SampleFeed | null = null;
  #warnings: ExpiryWarnings | null = null;

  /** `newFeed`: begins the samples for those who follow the events. */
  constructor(control: ControlPlane, options: DoorOptions, newFeed: () => SampleFeed) {
    this.#control = control;
    this.#options = options;
    this.#newFeed = newFeed;
  }

  /** Throws a SluiceError naming the place; then nothing is open. */
  async open(): Promise<void> {
    // Fastify is loaded while the listeners start, and only here.
    const { listenAdmin } = await import('../admin/listen.js');
    this.#open = await listenAdmin(this.#control, this.#options);
    this.#feed = this.#newFeed();
    const { clock, log: logger } = this.#options;
    this.#warnings = new ExpiryWarnings({ clock, logger }, () => this.certificates());
  }

  /** The one of `admin.tls`, beside those of sites. */
  certificates(): readonly CertificateView[] {
    const served = this.#open?.certificate() ?? null;
    if (served === null) return [];
    const { file, leaf, problem } = served;
    const facts = leaf === null ? null : factsOf(leaf);
    const known = { kind: 'pem', name: '', files: [file], isLoaded: true, facts, problem } as const;
    return [viewOf(known, this.#options.clock.wallMs())];
  }

  /** See `AdminListeners`; '' also while an upgrade has it closed. */
  dashboardLink(): string {
    return this.#open?.dashboardLink() ?? '';
  }

  async close(): Promise<void> {
    const open = this.#open;
    this.#open = null;
    await open?.close();
    this.#feed?.close();
    this.#feed = null;
    this.#warnings?.close();
    this.#warnings = null;
  }
}
