// HOT: measured by test/bench/main.ts
import type { RouteSite, RouteTls } from '../../pools/protocol/snapshot.js';
import { type ForwardContext, refuseUnderscores } from '../http1/forward.js';
import { badRequest, contentLengthTooLarge } from '../http1/rejections.js';
import type { Rejection, RequestHead } from '../http1/types.js';
import type { AnswerLimits } from '../proxy/exchange-client.js';
import type { Pace } from '../proxy/pacer.js';
import { matchPath } from '../route/table.js';
import type { AppRoute, SiteRoute } from '../route/types.js';
import type { ConnectionContext, RoutingState } from './context.js';
import type { SiteEntries } from './site-entries.js';
import type { TlsPeer } from './tls/peer.js';

export const noHost: Rejection = { status: 404, subStatus: 0, reason: 'Hostname' };
const noApplication: Rejection = { status: 404, subStatus: 0, reason: 'NotFound' };
const badPath: Rejection = { status: 400, subStatus: 0, reason: 'Path' };
const misdirected: Rejection = { status: 421, subStatus: 0, reason: 'ServerName' };
const certificateRequired: Rejection = { status: 403, subStatus: 7, reason: 'ClientCertificate' };
const certificateUntrusted: Rejection = { status: 403, subStatus: 16, reason: 'ClientCertificate' };
const toHttps: Rejection = { status: 307, subStatus: 0, reason: 'HttpsRedirect' };
const connLimit: Rejection = { status: 503, subStatus: 0, reason: 'ConnLimit' };

/** What all requests of one client connection have in common. */
export interface ConnectionFacts {
  readonly context: ConnectionContext;
  /** null = no TLS. */
  readonly peer: TlsPeer | null;
  readonly localAddress: string;
  readonly localPort: number;
  readonly entries: SiteEntries;
  readonly isHttp2: boolean;
}

/** Finds the application of each request, one after another; remembers the site while host and routes stay. */
export class RequestRouter implements AnswerLimits {
  /** Of the last request that found one. */
  site: RouteSite | null = null;
  /** So far. */
  requests = 0;
  /** Set when `route` returns null. */
  rejection: Rejection = noHost;
  /** Of the request at hand, where its site limits requests by time: tells the client what is left. */
  answerFields = '';
  pace: Pace | null = null;
  #pacedAddress = '';
  /** Where the client of the request at hand counts as long as it lasts; null = its connection counts. */
  #enteredSite: RouteSite | null = null;
  #enteredAddress = '';
  readonly #context: ConnectionContext;
  readonly #forward: ForwardContext;
  readonly #facts: ConnectionFacts;
  #routing: RoutingState;
  #siteRoute: SiteRoute | null = null;
  #siteHost = '';
  /** Judged already, under the routing of now. */
  #coveredHost: string | null = null;

  constructor(facts: ConnectionFacts, forward: ForwardContext) {
    this.#facts = facts;
    this.#context = facts.context;
    this.#forward = forward;
    this.#routing = facts.context.routing;
    this.#adopt(this.#routing);
  }

  /** @returns null and sets `rejection` when no worker may see this request. */
  route(request: RequestHead): AppRoute | null {
    const routing = this.#context.routing;
    const forward = this.#forward;
    this.requests += 1;
    if (routing !== this.#routing) this.#adopt(routing);
    if (forward.trusted) routing.trusted.resolveClient(forward, request);
    const underscores = refuseUnderscores(request, forward);
    if (underscores !== null) return this.#reject(underscores);
    const { peer } = this.#facts;
    const { challenges, shed } = this.#context;
    if (!challenges.isEmpty && peer === null && challenges.answer(request, this)) return null;
    if (shed !== null) return this.#reject(shed);
    if (this.#siteRoute === null || this.#siteHost !== request.host) this.#findSite(request.host);
    const site = this.#siteRoute;
    if (site === null) return this.#reject(noHost);
    if (peer !== null && !this.#mayServe(peer, site, request.host)) return null;
    if (site.site !== this.site && !this.#enterSite(site.site)) return this.#reject(connLimit);
    if (site.site.redirectPort !== 0 && forward.scheme === 'http') {
      return this.#reject(request.host === '' ? badRequest.hostMissing : toHttps);
    }
    const route = matchPath(site, request.path);
    if (route === 'not-found') return this.#reject(noApplication);
    if (route === 'bad-path') return this.#reject(badPath);
    if (request.framing === 'length' && request.contentLength > route.application.maxAllowedContentLength) {
      return this.#reject(contentLengthTooLarge);
    }
    if (site.site.rates !== undefined && !this.#admit(site.site)) return null;
    if (forward.trusted && !this.#enterClient(site.site)) return this.#reject(connLimit);
    if (!route.application.webSocket) request.upgradeWebSocket = false;
    return route;
  }

  finished(): void {
    const site = this.#enteredSite;
    if (site === null) return;
    this.#enteredSite = null;
    this.#context.siteConnections.leaveClient(site, this.#enteredAddress);
  }

  /** New routes: a kept connection is judged by them from its next request on. */
  #adopt(routing: RoutingState): void {
    const forward = this.#forward;
    this.#routing = routing;
    this.#siteRoute = null;
    this.#coveredHost = null;
    forward.trusted = routing.trusted.matches(forward.peerAddress);
    forward.underscores = routing.underscores;
    if (forward.trusted) return;
    forward.clientAddress = forward.peerAddress;
    forward.clientPort = forward.peerPort;
    forward.scheme = forward.peerScheme;
  }

  /** Field lines of ours in an answer of ours. */
  fieldsFor(request: RequestHead, rejection: object): string {
    const policy = this.strictTransportSecurity;
    const limits = this.answerFields;
    if (policy !== '') return `${limits}Strict-Transport-Security: ${policy}\r\n`;
    if (rejection !== toHttps || this.site === null) return limits;
    const { redirectPort } = this.site;
    const port = redirectPort === 443 ? '' : `:${redirectPort}`;
    return `Location: https://${request.host}${port}${request.target === '*' ? '/' : request.target}\r\n`;
  }

  /** Only over https (RFC 6797 7.2). */
  get strictTransportSecurity(): string {
    return this.site === null || this.#forward.scheme === 'http' ? '' : this.site.strictTransportSecurity;
  }

  /**
   * May this connection carry requests for this host? What was asked of its client has to be what the site
   * asks for, and the certificate it was shown has to hold for the host (RFC 9110 7.4). A resumed handshake
   * is judged like any other: by the certificate that the connection really has.
   */
  #mayServe(peer: TlsPeer, { tls }: SiteRoute, host: string): boolean {
    const isSpoken = tls?.http2 === true || !this.#facts.isHttp2;
    if (tls === null || !isSpoken || tls.policy !== peer.tls.policy || !this.#isShown(peer, tls, host)) {
      this.rejection = misdirected;
      return false;
    }
    if (peer.certificate === 'trusted' || tls.clientCertificates === 'off') return true;
    if (peer.certificate === 'none' && tls.clientCertificates === 'accept') return true;
    this.rejection = peer.certificate === 'none' ? certificateRequired : certificateUntrusted;
    return false;
  }

  #isShown(peer: TlsPeer, tls: RouteTls, host: string): boolean {
    if (host === peer.serverName || host === this.#coveredHost) return true;
    if ((tls.key !== peer.tls.key || tls.byName) && !peer.covers(host)) return false;
    this.#coveredHost = host;
    return true;
  }

  #reject(rejection: Rejection): null {
    this.rejection = rejection;
    return null;
  }

  /** Counts the request against the limits by time of its site. */
  #admit(site: RouteSite): boolean {
    const limiter = this.#context.limiter(site);
    if (limiter === undefined) return true;
    const { clientAddress } = this.#forward;
    const refused = limiter.admit(clientAddress);
    this.answerFields = limiter.fields(clientAddress, refused !== null);
    // A trusted proxy may bring other clients over the same connection.
    if (this.#pacedAddress !== clientAddress || this.pace === null) this.pace = limiter.pace(clientAddress);
    this.#pacedAddress = clientAddress;
    if (refused !== null) this.#reject(refused);
    return refused === null;
  }

  /** A trusted proxy keeps connections for nobody in particular: each request under way is a connection of its client. */
  #enterClient(site: RouteSite): boolean {
    if (site.maxConnectionsPerAddress === 0) return true;
    const { clientAddress } = this.#forward;
    if (!this.#context.siteConnections.enterClient(site, clientAddress)) return false;
    this.finished();
    this.#enteredSite = site;
    this.#enteredAddress = clientAddress;
    return true;
  }

  #findSite(host: string): void {
    this.#siteHost = host;
    this.answerFields = '';
    this.pace = null;
    const { localAddress, localPort } = this.#facts;
    this.#siteRoute = this.#routing.table.site(localAddress, localPort, this.#forward.peerScheme, host);
  }

  #enterSite(site: RouteSite): boolean {
    const { trusted, peerAddress } = this.#forward;
    const isIn = this.#facts.entries.enter(site, trusted ? '' : peerAddress);
    this.site = isIn ? site : null;
    return isIn;
  }
}
