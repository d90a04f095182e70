// HOT: measured by test/bench/main.ts
import type { RouteSite } from '../../pools/protocol/snapshot.js';
import { type ForwardContext, refuseUnderscores } from '../http1/forward.js';
import { contentLengthTooLarge } from '../http1/rejections.js';
import type { Rejection, RequestHead } from '../http1/types.js';
import type { AnswerLimits } from '../proxy/exchange-client.js';
import type { Pace } from '../proxy/pacer.js';
import { matchPath } from '../route/table.js';
import type { AppRoute, SiteRoute } from '../route/types.js';
import type { ConnectionContext, RoutingState } from './context.js';

export const noHost: Rejection = { status: 404, subStatus: 0, reason: 'Hostname' };
const noApplication: Rejection = { status: 404, subStatus: 0, reason: 'NotFound' };
const badPath: Rejection = { status: 400, subStatus: 0, reason: 'Path' };
const connLimit: Rejection = { status: 503, subStatus: 0, reason: 'ConnLimit' };

/** Finds the application of each request of one connection; remembers the site while host and routes stay. */
export class RequestRouter implements AnswerLimits {
  /** The site that counts this connection; null until the first request found one. */
  site: RouteSite | null = null;
  /** Set when `route` returns null. */
  rejection: Rejection = noHost;
  /** Of the request at hand, where its site limits requests by time: tells the client what is left. */
  answerFields = '';
  pace: Pace | null = null;
  #pacedAddress = '';
  readonly #context: ConnectionContext;
  readonly #forward: ForwardContext;
  readonly #localAddress: string;
  readonly #localPort: number;
  #routing: RoutingState;
  #siteRoute: SiteRoute | null = null;
  #siteHost = '';

  constructor(context: ConnectionContext, forward: ForwardContext, localAddress: string, localPort: number) {
    this.#context = context;
    this.#forward = forward;
    this.#localAddress = localAddress;
    this.#localPort = localPort;
    this.#routing = context.routing;
    this.#adopt(this.#routing);
  }

  /** @returns null and sets `rejection` when no worker may see this request. */
  route(request: RequestHead): AppRoute | null {
    const routing = this.#context.routing;
    const forward = this.#forward;
    if (routing !== this.#routing) this.#adopt(routing);
    if (forward.trusted) routing.trusted.resolveClient(forward, request);
    const underscores = refuseUnderscores(request, forward);
    if (underscores !== null) return this.#reject(underscores);
    const { shed } = this.#context;
    if (shed !== null) return this.#reject(shed);
    if (this.#siteRoute === null || this.#siteHost !== request.host) this.#findSite(request.host);
    const site = this.#siteRoute;
    if (site === null) return this.#reject(noHost);
    if (site.site !== this.site && !this.#enterSite(site.site)) return this.#reject(connLimit);
    const route = matchPath(site, request.path);
    if (route === 'not-found') return this.#reject(noApplication);
    if (route === 'bad-path') return this.#reject(badPath);
    if (request.framing === 'length' && request.contentLength > route.application.maxAllowedContentLength) {
      return this.#reject(contentLengthTooLarge);
    }
    if (site.site.rates !== undefined && !this.#admit(site.site)) return null;
    if (!route.application.webSocket) request.upgradeWebSocket = false;
    return route;
  }

  /** The connection is gone. */
  leave(): void {
    if (this.site !== null) this.#context.leaveSite(this.site, this.#forward.peerAddress);
    this.site = null;
  }

  /** New routes: a kept connection is judged by them from its next request on. */
  #adopt(routing: RoutingState): void {
    const forward = this.#forward;
    this.#routing = routing;
    this.#siteRoute = null;
    forward.trusted = routing.trusted.matches(forward.peerAddress);
    forward.underscores = routing.underscores;
    if (forward.trusted) return;
    forward.clientAddress = forward.peerAddress;
    forward.clientPort = forward.peerPort;
    forward.scheme = forward.peerScheme;
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

  #findSite(host: string): void {
    this.#siteHost = host;
    this.answerFields = '';
    this.pace = null;
    const { table } = this.#routing;
    this.#siteRoute = table.site(this.#localAddress, this.#localPort, this.#forward.peerScheme, host);
  }

  #enterSite(site: RouteSite): boolean {
    this.leave();
    if (!this.#context.enterSite(site, this.#forward.peerAddress)) return false;
    this.site = site;
    return true;
  }
}
