/** The control pipe to the primary (fd 3): length-prefixed JSON both ways. Its end means that the primary died. */
import net from 'node:net';
import { controlMessageBytesMax } from '../../../../config/base/limits.js';
import type { HostToPrimary } from '../../../protocol/host-to-primary.js';
import { hostControlFd, type PrimaryToHost } from '../../../protocol/primary-to-host.js';
import { writeSync } from './exit-flush.js';

const prefixBytes = 4;

function encode(message: HostToPrimary): Buffer {
  const json = JSON.stringify(message);
  const bytes = Buffer.allocUnsafe(prefixBytes + Buffer.byteLength(json));
  bytes.writeUInt32BE(bytes.length - prefixBytes, 0);
  bytes.write(json, prefixBytes);
  return bytes;
}

export class ControlPipe {
  readonly #socket: net.Socket;
  #received: Buffer = Buffer.alloc(0);

  constructor(onMessage: (message: PrimaryToHost) => void, onEnd: () => void) {
    this.#socket = new net.Socket({ fd: hostControlFd, readable: true, writable: true });
    this.#socket.unref();
    this.#socket.on('error', () => undefined);
    this.#socket.on('data', (bytes: Buffer) => this.#read(bytes, onMessage));
    this.#socket.on('close', onEnd);
    // 'data' refs the handle again on some versions.
    this.#socket.unref();
  }

  send(message: HostToPrimary): void {
    if (this.#socket.writable) this.#socket.write(encode(message));
  }

  /** For the last message: the process ends before the next turn of the loop. */
  sendNow(message: HostToPrimary): void {
    if (this.#socket.writable && this.#socket.writableLength === 0) writeSync(hostControlFd, [encode(message)]);
  }

  #read(bytes: Buffer, onMessage: (message: PrimaryToHost) => void): void {
    this.#received = this.#received.length === 0 ? bytes : Buffer.concat([this.#received, bytes]);
    while (this.#received.length >= prefixBytes) {
      const size = this.#received.readUInt32BE(0);
      if (size > controlMessageBytesMax) {
        this.#socket.destroy();
        return;
      }
      if (this.#received.length < prefixBytes + size) return;
      const json = this.#received.toString('utf8', prefixBytes, prefixBytes + size);
      this.#received = this.#received.subarray(prefixBytes + size);
      onMessage(JSON.parse(json) as PrimaryToHost);
    }
  }
}
