/** Certificates as people and alarms see them: which there are, until when, and what is wrong with them. */
import type { X509Certificate } from 'node:crypto';
import type { CancelTimer, Clock } from '../../config/base/clock.js';
import { certificateLookIntervalMs, certificatesShownMax, certificateWarningMs } from '../../config/base/limits.js';
import type { Logger } from '../../config/base/logger.js';
import { primaryMetrics } from '../metrics/primary-definitions.js';
import type { MetricTotals } from '../metrics/fold.js';
import type { CertificateView, OrderView } from '../admin/control-plane.js';

export type { CertificateView };

/** What a certificate says of itself. */
export interface CertificateFacts {
  readonly names: readonly string[];
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

interface Known {
  readonly kind: CertificateView['kind'];
  readonly name: string;
  readonly files: readonly string[];
  readonly isLoaded: boolean;
  readonly facts: CertificateFacts | null;
  readonly problem: string;
}

const dayMs = 86_400_000;
const namesShownMax = 100;

export function factsOf({ subjectAltName = '', subject, validFrom, validTo }: X509Certificate): CertificateFacts {
  const alternatives = subjectAltName
    .split(', ')
    .flatMap((entry) => /^(?:DNS|IP Address):(.+)$/.exec(entry)?.[1] ?? []);
  const names = alternatives.length > 0 ? alternatives : [/^CN=(.+)$/m.exec(subject)?.[1] ?? ''];
  return {
    names: names.filter((name) => name !== '').slice(0, namesShownMax),
    notBeforeMs: Date.parse(validFrom),
    notAfterMs: Date.parse(validTo),
  };
}

export function viewOf({ kind, name, files, isLoaded, facts, problem }: Known, nowMs: number): CertificateView {
  return {
    kind,
    host: name,
    file: files[0] ?? '',
    names: facts?.names ?? [],
    notBeforeMs: facts?.notBeforeMs ?? 0,
    notAfterMs: facts?.notAfterMs ?? 0,
    state: isLoaded ? stateOf(facts, problem, nowMs) : 'missing',
    problem,
    order: null,
  };
}

function stateOf(facts: CertificateFacts | null, problem: string, nowMs: number): CertificateView['state'] {
  if (facts !== null && facts.notAfterMs <= nowMs) return 'expired';
  if (problem !== '') return 'outdated';
  return facts !== null && endsSoon(facts, nowMs) ? 'ends-soon' : 'good';
}

/** Two weeks before the end, of short-lived ones a quarter of their life: what renews itself has done so by then. */
function endsSoon({ notBeforeMs, notAfterMs }: CertificateFacts, nowMs: number): boolean {
  return notAfterMs - nowMs < Math.min(certificateWarningMs, (notAfterMs - notBeforeMs) / 4);
}

/** Names that are ordered and that no client has asked for yet are there too. */
export function withOrders(
  views: readonly CertificateView[],
  orders: ReadonlyMap<string, OrderView>,
): CertificateView[] {
  const left = new Map(orders);
  const all = views.map((view) => {
    if (view.kind !== 'acme') return view;
    const order = left.get(view.host) ?? null;
    left.delete(view.host);
    return { ...view, order };
  });
  for (const [host, order] of left) {
    const empty = { kind: 'acme', name: host, files: [], isLoaded: false, facts: null, problem: '' } as const;
    const state = order.state === 'valid' ? 'good' : 'missing';
    all.push({ ...viewOf(empty, 0), state, order });
  }
  return all;
}

/** Those that end first are the ones to show when there are too many. */
export function firstToEnd(views: readonly CertificateView[]): CertificateView[] {
  const sorted = [...views].sort((a, b) => (a.notAfterMs || Infinity) - (b.notAfterMs || Infinity) || 0);
  return sorted.slice(0, certificatesShownMax);
}

export function setCertificateMetrics(totals: MetricTotals, views: readonly CertificateView[]): void {
  totals.clear(primaryMetrics.certificateNotAfter);
  for (const { file, host, notAfterMs } of firstToEnd(views)) {
    if (notAfterMs > 0) totals.set(primaryMetrics.certificateNotAfter, [file, host], notAfterMs / 1_000);
  }
  const problems = views.filter(({ problem, order }) => problem !== '' || (order !== null && order.problem !== ''));
  totals.set(primaryMetrics.certificateProblems, [], problems.length);
}

/** Says once a day which certificates end soon or have ended. */
export class ExpiryWarnings {
  readonly #ports: { readonly clock: Clock; readonly logger: Logger };
  readonly #views: () => readonly CertificateView[];
  /** File -> wall clock of the last warning. */
  #told = new Map<string, number>();
  #cancel: CancelTimer = () => undefined;

  constructor(ports: { readonly clock: Clock; readonly logger: Logger }, views: () => readonly CertificateView[]) {
    this.#ports = ports;
    this.#views = views;
    this.#lookLater();
  }

  close(): void {
    this.#cancel();
  }

  #lookLater(): void {
    this.#cancel = this.#ports.clock.setTimer(certificateLookIntervalMs, () => {
      this.#look();
      this.#lookLater();
    });
  }

  #look(): void {
    const nowMs = this.#ports.clock.wallMs();
    const told = new Map<string, number>();
    for (const { file, state, notAfterMs } of firstToEnd(this.#views())) {
      if (state !== 'ends-soon' && state !== 'expired') continue;
      const before = this.#told.get(file) ?? 0;
      const isDue = nowMs - before >= dayMs;
      told.set(file, isDue ? nowMs : before);
      if (!isDue) continue;
      const fields = { file, validTo: new Date(notAfterMs).toISOString() };
      const days = Math.floor((notAfterMs - nowMs) / dayMs);
      this.#ports.logger.warn(state === 'expired' ? 'certificate-expired' : 'certificate-ends-soon', {
        ...fields,
        days,
      });
    }
    this.#told = told;
  }
}
