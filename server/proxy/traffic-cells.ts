import { type Cells } from '../metrics/cells.js';
import {
  codeLabels,
  durationBuckets,
  listenerMetrics as metrics,
  methodLabels,
  statusLabels,
} from '../metrics/definitions.js';

const codes = codeLabels.length;
const unknownMethod = methodLabels.length - 1;
const methodIndexes = new Map<string, number>(methodLabels.slice(0, -1).map((method, index) => [method, index]));

/** Index of the label `method`; anything but the known nine is `other`. */
export function methodIndex(method: string): number {
  return method === 'GET' ? 0 : (methodIndexes.get(method) ?? unknownMethod);
}

/** Index of the label `code`. */
export function codeIndex(status: number): number {
  return Math.min(codes - 1, Math.max(0, Math.trunc(status / 100) - 1));
}

const registered: ReadonlySet<string> = new Set(statusLabels);

/** The label `status`. */
function statusLabel(status: number): string {
  const code = String(status);
  return registered.has(code) ? code : (codeLabels[codeIndex(status)] ?? '5xx');
}

/** Names the series that all applications of one site and pool share. */
export function ownerOf(site: string, pool: string): string {
  return `${site}\0${pool}`;
}

/** Series of one application's requests: site and pool are fixed, method and code are looked up once each. */
export class RequestCells {
  readonly owner: string;
  readonly #cells: Cells;
  readonly #site: string;
  readonly #pool: string;
  /** Both made with the first request. */
  #requests: Int32Array | null = null;
  #bytesIn = -1;
  #bytesOut = -1;
  readonly #statuses = new Map<number, number>();

  constructor(cells: Cells, site: string, pool: string) {
    this.#cells = cells;
    this.owner = ownerOf(site, pool);
    this.#site = site;
    this.#pool = pool;
  }

  count(method: number, code: number, bytesIn: number, bytesOut: number): void {
    const cells = this.#cells;
    const requests = this.#requests ?? this.#declare();
    const index = method * codes + code;
    let at = requests[index] ?? -1;
    if (at < 0) {
      const labels = [this.#site, this.#pool, methodLabels[method] ?? 'other', codeLabels[code] ?? '5xx'];
      at = cells.declare(metrics.httpRequests, labels);
      requests[index] = at;
    }
    cells.add(at, 1);
    if (bytesIn > 0) cells.add(this.#bytesIn, bytesIn);
    if (bytesOut > 0) cells.add(this.#bytesOut, bytesOut);
  }

  /** While `metrics.statusCodes` is exact. */
  countStatus(status: number): void {
    let at = this.#statuses.get(status);
    if (at === undefined) {
      at = this.#cells.declare(metrics.httpRequestsByStatus, [this.#site, this.#pool, statusLabel(status)]);
      this.#statuses.set(status, at);
    }
    this.#cells.add(at, 1);
  }

  #declare(): Int32Array {
    this.#bytesIn = this.#cells.declare(metrics.httpRequestBytes, [this.#site, this.#pool]);
    this.#bytesOut = this.#cells.declare(metrics.httpResponseBytes, [this.#site, this.#pool]);
    this.#requests = new Int32Array(methodLabels.length * codes).fill(-1);
    return this.#requests;
  }
}

/** Series of one pool. */
export class PoolCells {
  readonly #cells: Cells;
  readonly #pool: string;
  readonly #durations = new Int32Array(codes).fill(-1);
  readonly #ttfb: number;
  readonly #queueWait: number;
  readonly #reasons = new Map<string, number>();
  readonly inFlight: number;
  readonly websockets: number;
  readonly queueLength: number;
  readonly retries: number;

  constructor(cells: Cells, pool: string) {
    this.#cells = cells;
    this.#pool = pool;
    this.#ttfb = cells.declare(metrics.httpResponseTtfb, [pool]);
    this.#queueWait = cells.declare(metrics.queueWait, [pool]);
    this.inFlight = cells.declare(metrics.httpRequestsInFlight, [pool]);
    this.websockets = cells.declare(metrics.websocketsActive, [pool]);
    this.queueLength = cells.declare(metrics.queueLength, [pool]);
    this.retries = cells.declare(metrics.retries, [pool]);
  }

  add(at: number, value: number): void {
    this.#cells.add(at, value);
  }

  duration(code: number, seconds: number): void {
    let at = this.#durations[code] ?? -1;
    if (at < 0) {
      at = this.#cells.declare(metrics.httpRequestDuration, [this.#pool, codeLabels[code] ?? '5xx']);
      this.#durations[code] = at;
    }
    this.#cells.observe(at, durationBuckets, seconds);
  }

  firstByte(seconds: number): void {
    this.#cells.observe(this.#ttfb, durationBuckets, seconds);
  }

  waited(seconds: number): void {
    this.#cells.observe(this.#queueWait, durationBuckets, seconds);
  }

  rejected(reason: string): void {
    this.#count(metrics.queueRejected, reason);
  }

  proxyError(reason: string): void {
    this.#count(metrics.proxyErrors, reason);
  }

  /** Reasons are words of our closed vocabulary: the map stays small. */
  #count(definition: typeof metrics.queueRejected | typeof metrics.proxyErrors, reason: string): void {
    const key = `${definition.name} ${reason}`;
    let at = this.#reasons.get(key);
    if (at === undefined) {
      at = this.#cells.declare(definition, [this.#pool, reason]);
      this.#reasons.set(key, at);
    }
    this.#cells.add(at, 1);
  }
}
