/** `closeAllConnections` and `closeIdleConnections` know only real connections: the virtual ones are added here. */
import http from 'node:http';
import type { App } from './app.js';
import type { ServerInternals } from './node-internals.js';

type CloseName = 'closeAllConnections' | 'closeIdleConnections';

export function wrapCloseConnections(apps: ReadonlySet<App>): void {
  wrap('closeAllConnections', 'all', apps);
  // Node's own `close()` calls this one.
  wrap('closeIdleConnections', 'idle', apps);
}

function wrap(name: CloseName, which: 'all' | 'idle', apps: ReadonlySet<App>): void {
  const original = http.Server.prototype[name];
  const wrapped = function (this: http.Server): void {
    original.call(this);
    for (const app of apps) if (app.server === (this as unknown as ServerInternals)) app.closeSockets(which);
  };
  Object.defineProperty(wrapped, 'name', { value: name });
  http.Server.prototype[name] = wrapped;
}
