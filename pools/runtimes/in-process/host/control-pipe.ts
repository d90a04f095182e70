/**
 * A control pipe to the primary (fd 3, and the watchdog's fd 5): length-prefixed JSON both ways. Its end
 * means that the primary died.
 */
import net from 'node:net';
import { controlMessageBytesMax } from '../../../../config/base/limits.js';
import type { HostToPrimary } from '../../../protocol/host-to-primary.js';
import { writeSync } from './exit-flush.js';

const prefixBytes = 4;

function encode(message: HostToPrimary): Buffer {
  const json = JSON.stringify(message);
  const bytes = Buffer.allocUnsafe(prefixBytes + Buffer.byteLength(json));
  bytes.writeUInt32BE(bytes.length - prefixBytes, 0);
  bytes.write(json, prefixBytes);
  return bytes;
}

export class ControlPipe<Received> {
  readonly #fd: number;
  readonly #socket: net.Socket;
  #received: Buffer = Buffer.alloc(0);

  constructor(fd: number, onMessage: (message: Received) => void, onEnd: () => void) {
    this.#fd = fd;
    this.#socket = new net.Socket({ fd, readable: true, writable: true });
    this.#socket.unref();
    this.#socket.on('error', () => undefined);
    this.#socket.on('data', (bytes: Buffer) => this.#read(bytes, onMessage));
    this.#socket.on('close', onEnd);
    // 'data' refs the handle again on some versions.
    this.#socket.unref();
  }

  /** Lets it keep its thread alive. */
  ref(): void {
    this.#socket.ref();
  }

  send(message: HostToPrimary): void {
    if (this.#socket.writable) this.#socket.write(encode(message));
  }

  /** For the last message: the process ends before the next turn of the loop. */
  sendNow(message: HostToPrimary): void {
    if (this.#socket.writable && this.#socket.writableLength === 0) writeSync(this.#fd, [encode(message)]);
  }

  #read(bytes: Buffer, onMessage: (message: Received) => void): void {
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
      onMessage(JSON.parse(json) as Received);
    }
  }
}
