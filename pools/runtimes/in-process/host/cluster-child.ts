/**
 * `node:cluster` as an app sees it in one of several workers: Node's own child module, with what needs a
 * primary process replaced. `listen` never asks the primary.
 */
import type net from 'node:net';
import { runSoon } from './clean-context.js';
import { watchPrimaryFlags } from './cluster-notice.js';
import type { Listen2 } from './node-internals.js';
import { type BindAnswer, type BindQuery, bindUdp, isBind } from './udp-bind.js';

interface ListenQuery {
  readonly address: string | null;
  readonly port: number | null;
  readonly addressType: number | null;
  readonly backlog?: number;
  readonly fd?: number;
  readonly flags?: number;
}

interface ClusterChild {
  _setupWorker(): void;
  _getServer(server: net.Server & { _listen2: Listen2 }, query: ListenQuery | BindQuery, answer: BindAnswer): void;
  worker: {
    send: (message: unknown, ...rest: unknown[]) => boolean;
    disconnect: () => unknown;
    isConnected: () => boolean;
    emit(event: string): boolean;
    exitedAfterDisconnect?: boolean;
  };
}

const uniqueId = 'NODE_UNIQUE_ID';

/**
 * `slot` becomes `cluster.worker.id`. `closeServer` is what `worker.disconnect()` does here; `notice` is told
 * once if the app asks whether it is the primary.
 */
export function becomeClusterChild(
  slot: number,
  closeServer: (then: () => void) => void,
  notice: (code: string, text: string) => void,
): void {
  process.env[uniqueId] = String(slot);
  // Must be loaded with the variable set: Node decides by it once which half of the module to load.
  const cluster = process.getBuiltinModule('node:cluster') as unknown as ClusterChild;
  cluster._setupWorker();
  Reflect.deleteProperty(process.env, uniqueId);
  cluster._getServer = (server, query, answer) => {
    if (isBind(query)) {
      bindUdp(server, query, answer);
      return;
    }
    const { address, port, addressType, backlog, fd, flags } = query;
    server._listen2(address, port, addressType, backlog, fd, flags);
  };
  const worker = cluster.worker;
  worker.send = (_message, ...rest) => {
    const callback = rest.at(-1);
    if (typeof callback === 'function') {
      const error: NodeJS.ErrnoException = new Error('Channel closed');
      error.code = 'ERR_IPC_CHANNEL_CLOSED';
      process.nextTick(callback as (error: Error) => void, error);
    }
    return false;
  };
  worker.disconnect = () => {
    worker.exitedAfterDisconnect = true;
    closeServer(() => runSoon(() => worker.emit('disconnect'), undefined));
    return worker;
  };
  worker.isConnected = () => true;
  watchPrimaryFlags(cluster, notice);
}
