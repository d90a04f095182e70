/**
 * Metrics that the app publishes by `publishMetrics` of the integration package: collected now and then, made small, and
 * told to the primary. Nobody waits for them, and an app that publishes none pays nothing.
 */
import diagnostics from 'node:diagnostics_channel';
import {
  publishedRegistriesMax,
  publishedReportIntervalMs,
  publishedReportBytesMax,
} from '../../../../config/base/metrics-limits.js';
import type { HostToPrimary } from '../../../protocol/host-to-primary.js';
import { publishChannel } from '../../../protocol/published-metrics.js';
import { runSoon } from './clean-context.js';

type Collect = () => unknown;

/** Of prom-client's JSON, all optional: it is the app's own. */
interface GivenFamily {
  readonly name?: unknown;
  readonly help?: unknown;
  readonly type?: unknown;
  readonly aggregator?: unknown;
  readonly values?: readonly { readonly metricName?: unknown; readonly labels?: unknown; readonly value?: unknown }[];
}

export class PublishedMetrics {
  readonly #send: (message: HostToPrimary) => void;
  readonly #notice: (code: string, text: string) => void;
  readonly #sources: Collect[] = [];
  #dueMs = 0;
  #isCollecting = false;
  #hasFailed = false;

  constructor(send: (message: HostToPrimary) => void, notice: (code: string, text: string) => void) {
    this.#send = send;
    this.#notice = notice;
    diagnostics.subscribe(publishChannel, (message) => this.#take(message));
  }

  /** At every heartbeat. */
  beat(nowMs: number): void {
    if (this.#sources.length === 0 || this.#isCollecting || nowMs < this.#dueMs) return;
    this.#dueMs = nowMs + publishedReportIntervalMs;
    this.#isCollecting = true;
    runSoon(() => void this.#report(), undefined);
  }

  #take(message: unknown): void {
    const { collect } = message as { readonly collect?: unknown };
    if (typeof collect !== 'function' || this.#sources.length >= publishedRegistriesMax) return;
    this.#sources.push(collect as Collect);
  }

  async #report(): Promise<void> {
    try {
      const given: GivenFamily[] = [];
      for (const collect of this.#sources) given.push(...((await collect()) as GivenFamily[]));
      this.#send(reportOf(given));
    } catch (error) {
      if (!this.#hasFailed)
        this.#notice('metrics-not-collected', error instanceof Error ? error.message : String(error));
      this.#hasFailed = true;
    } finally {
      this.#isCollecting = false;
    }
  }
}

/** As many families as fit, in their order. */
function reportOf(given: readonly GivenFamily[]): HostToPrimary {
  const families: unknown[] = [];
  let bytes = 0;
  for (const one of given) {
    const family = familyOf(one);
    bytes += Buffer.byteLength(JSON.stringify(family)) + 1;
    if (bytes > publishedReportBytesMax) break;
    families.push(family);
  }
  return { type: 'metrics', families, left: given.length - families.length };
}

function familyOf({ name, help, type, aggregator, values = [] }: GivenFamily): object {
  const base = String(name);
  const samples = values.map(({ metricName, labels = {}, value }) => {
    const suffix = typeof metricName === 'string' && metricName.startsWith(base) ? metricName.slice(base.length) : '';
    return [suffix, labels, value];
  });
  return { name, help, type, aggregator, samples };
}
