import { FrameBoundaryScanner, serviceRestartClose } from '../http1/websocket.js';
import type { ClientOutput } from './client-output.js';
import type { Exchange } from './exchange.js';

const closeFrame = Buffer.from(serviceRestartClose);

/** What the tunnel needs of its exchange. */
export interface TunnelPorts {
  /** The worker's side is over. */
  tunnelClosed(): void;
}

/**
 * Bytes behind an accepted websocket upgrade. They pass unread; only the frame boundaries of the worker's
 * direction are counted, so that a close frame 1012 can be put in when the worker has to go.
 */
export class Tunnel {
  readonly #output: ClientOutput;
  readonly #ports: TunnelPorts;
  readonly #scanner = new FrameBoundaryScanner();
  #isNoticeDue = false;
  #isNoticed = false;

  constructor(output: ClientOutput, ports: TunnelPorts) {
    this.#output = output;
    this.#ports = ports;
  }

  /** The client was told to come back. */
  get isNoticed(): boolean {
    return this.#isNoticed;
  }

  toClient(buffer: Buffer, start: number, end: number): void {
    if (this.#isNoticed) return;
    let stop = end;
    if (this.#isNoticeDue) {
      const boundary = this.#scanner.advanceToBoundary(buffer, start, end);
      if (boundary >= 0) stop = boundary;
    } else this.#scanner.advance(buffer, start, end);
    this.#output.bytes(buffer, start, stop);
    if (this.#isNoticeDue && this.#scanner.atBoundary) this.#sendNotice();
    this.#output.flush();
  }

  /** Tells the client to come back: at the next frame boundary, at once if this is one. */
  notice(): void {
    if (this.#isNoticeDue) return;
    this.#isNoticeDue = true;
    if (!this.#scanner.atBoundary) return;
    this.#sendNotice();
    this.#output.flush();
  }

  workerEnded(): void {
    this.#ports.tunnelClosed();
  }

  #sendNotice(): void {
    this.#isNoticed = true;
    if (!this.#scanner.closeSeen) this.#output.bytes(closeFrame, 0, closeFrame.length);
  }
}

/** 101: the slot is free again, the worker is not (a drain waits for its tunnels). */
export function openTunnel(exchange: Exchange, buffer: Buffer, end: number): void {
  const { worker, upstream, answer, pool } = exchange;
  if (worker === null || upstream === null) return;
  exchange.status = 101;
  exchange.state = 'tunnel';
  const tunnel = new Tunnel(exchange.output, exchange);
  exchange.tunnel = tunnel;
  worker.tunnels.add(exchange);
  worker.inFlight -= 1;
  const cells = pool?.cells;
  cells?.add(cells.inFlight, -1);
  cells?.add(cells.websockets, 1);
  upstream.upgrade();
  exchange.output.flush();
  const source = answer.tunnelBuffer ?? buffer;
  const stop = source === buffer ? end : source.length;
  answer.tunnelBuffer = null;
  if (answer.tunnelStart < stop) tunnel.toClient(source, answer.tunnelStart, stop);
  exchange.client.tunnelOpened();
  exchange.core.slotFreed(worker);
}
