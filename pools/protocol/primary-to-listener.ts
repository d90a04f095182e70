import type { Holding, Spending } from './listener-to-primary.js';
import type { RequestFilter } from './live-requests.js';
import type { ApplicationUpstreams, CertificateMaterial, RemovedRoutes, Routes, UpstreamWorker } from './snapshot.js';

/** One address the primary holds open; the handle travels beside the message. */
export interface ListenAddress {
  /** `address:port`, the key for `unlisten`. */
  readonly key: string;
  readonly address: string;
  readonly port: number;
}

/**
 * Primary -> listener over node:cluster's channel. Both ends are always the same build and both are
 * trusted; shapes are asserted by the compiler. `number` grows by one per publication.
 */
export type PrimaryToListener =
  /** The bound, not yet listening handle arrives as the message's second value. */
  | { readonly type: 'listen'; readonly address: ListenAddress }
  | { readonly type: 'unlisten'; readonly key: string }
  /**
   * With `removed` only what has changed: sites with all their bindings and applications (indexes count the sites of
   * this message), and pools; what neither names stays. Without it `routes` is all there is.
   */
  | { readonly type: 'routes'; readonly number: number; readonly routes: Routes; readonly removed?: RemovedRoutes }
  | { readonly type: 'upstreams'; readonly number: number; readonly changed: readonly ApplicationUpstreams[] }
  /**
   * Open (or reopen) the link to an in-process worker that is not published yet and answer with `link`;
   * requests go to it only once `upstreams` names it.
   */
  | { readonly type: 'open-link'; readonly applicationId: string; readonly worker: UpstreamWorker }
  /** Answer to `claim`, in order of the claims: the first `granted` of the claimed requests may wait. */
  | { readonly type: 'claimed'; readonly claimId: number; readonly granted: number }
  /**
   * The worker is no longer published: refuse new streams, report `drained` once nothing of it is in
   * flight. From `noticeAtMs` on (delay in ms; 0 = at once) close tunnels with 1012, 1 s later cut them.
   */
  | { readonly type: 'drain'; readonly workerId: number; readonly noticeAfterMs: number }
  /** The process is gone (or is about to be killed): fail or retry what is in flight, forget it. */
  | { readonly type: 'worker-gone'; readonly workerId: number; readonly reason: WorkerGoneReason }
  /** Event-loop heartbeat of a worker is late (true) or back (false). */
  | { readonly type: 'late'; readonly workerId: number; readonly late: boolean }
  /** What another listener spent of a site's limits. */
  | { readonly type: 'spent'; readonly site: string; readonly spent: readonly Spending[] }
  /** What another listener has of the connections of limited sites, where that has changed. */
  | { readonly type: 'held'; readonly listener: number; readonly held: readonly Holding[] }
  /** Another listener has come, to which all that was `held` is new. */
  | { readonly type: 'listener-joined' }
  /** It holds nothing any more. */
  | { readonly type: 'listener-gone'; readonly listener: number }
  /** Another listener saw this request line in flight at a crash of the pool. */
  | { readonly type: 'crash-line'; readonly pool: string; readonly line: string }
  | { readonly type: 'crash-line-cleared'; readonly pool: string; readonly line: string }
  /**
   * Answer to `want-certificate`, or a changed file of one that was asked for before. null: there is none that
   * can be used.
   */
  | {
      readonly type: 'certificate';
      readonly key: string;
      readonly name: string;
      readonly material: CertificateMaterial | null;
    }
  /** The primary does not watch its files any more: it is asked for again when it is needed. */
  | { readonly type: 'certificate-forgotten'; readonly key: string; readonly name: string }
  /** Everything that authorities may ask for now (RFC 8555 8.3, RFC 8737 3): acknowledged before they are told to. */
  | { readonly type: 'challenges'; readonly number: number; readonly challenges: Challenges }
  /** Session tickets are sealed with keys derived from this (32 bytes, base64): the same in every listener. */
  | { readonly type: 'ticket-secret'; readonly secret: string }
  /**
   * Stop accepting, finish requests, then report `closed` and exit; at the limit cut the rest. `lingerMs` > 0: others
   * accept on the same sockets, so idle connections stay for so long and are answered once more.
   */
  | { readonly type: 'shutdown'; readonly limitMs: number; readonly lingerMs: number }
  /** The access log `file` ('' = each of them) was renamed: open it by its name, then `logs-reopened`. */
  | { readonly type: 'reopen-logs'; readonly id: number; readonly file: string }
  /** Which requests it has now: answered by `requests` at once. */
  | { readonly type: 'list-requests'; readonly id: number; readonly filter: RequestFilter }
  /** Liveness of the listener itself: answered by `pong` at once. */
  | { readonly type: 'ping'; readonly id: number };

export interface Challenges {
  /** Token -> key authorization. */
  readonly http: Readonly<Record<string, string>>;
  /** Host name -> the certificate that answers for it. */
  readonly tls: Readonly<Record<string, { readonly certificate: string; readonly privateKey: string }>>;
}

export type WorkerGoneReason = 'crash' | 'stopped' | 'killed';
