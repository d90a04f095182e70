import { Setting, frameBytesLimit, initialFrameBytesMax, initialWindowBytes, windowBytesLimit } from './codes.js';
import { failures } from './errors.js';
import type { ConnectionFailure } from './types.js';

/** What the peer announced (RFC 9113 6.5.2), with the initial values. */
export class PeerSettings {
  initialWindowBytes: number = initialWindowBytes;
  headerTableBytes = -1;
  maxConcurrentStreams = Infinity;
  maxHeaderListBytes = Infinity;
  enablesConnectProtocol = false;
  readonly #isServer: boolean;

  /** `isServer`: the peer is the server. */
  constructor(isServer: boolean) {
    this.#isServer = isServer;
  }

  /** Takes one value; unknown identifiers are ignored (6.5.2). */
  take(identifier: number, value: number): ConnectionFailure | null {
    switch (identifier) {
      case Setting.headerTableSize:
        this.headerTableBytes = value;
        return null;
      case Setting.enablePush:
        return value === 0 || (value === 1 && !this.#isServer) ? null : failures.setting;
      case Setting.maxConcurrentStreams:
        this.maxConcurrentStreams = value;
        return null;
      case Setting.initialWindowSize:
        if (value > windowBytesLimit) return failures.settingWindow;
        this.initialWindowBytes = value;
        return null;
      case Setting.maxFrameSize:
        return value >= initialFrameBytesMax && value <= frameBytesLimit ? null : failures.setting;
      case Setting.maxHeaderListSize:
        this.maxHeaderListBytes = value;
        return null;
      case Setting.enableConnectProtocol:
        return this.#takeConnectProtocol(value);
      default:
        return null;
    }
  }

  /** RFC 8441 3: 0 or 1, and never back to 0. */
  #takeConnectProtocol(value: number): ConnectionFailure | null {
    if (value > 1 || (value === 0 && this.enablesConnectProtocol)) return failures.setting;
    this.enablesConnectProtocol = value === 1;
    return null;
  }
}
