import { FrameType, initialFrameBytesMax } from './codes.js';
import { failures } from './errors.js';
import type { ConnectionFailure } from './types.js';

/** What the nine bytes of a frame header must satisfy on their own (RFC 9113 4.1, 4.2, 6). */
interface FrameRule {
  /** On the connection (stream 0), on a stream, or either. */
  readonly on: 'connection' | 'stream' | 'either';
  readonly bytesMin: number;
  readonly bytesMax: number;
  /** The length is a multiple of it. */
  readonly unit: number;
}

function rule(on: FrameRule['on'], bytesMin: number, bytesMax = initialFrameBytesMax, unit = 1): FrameRule {
  return { on, bytesMin, bytesMax, unit };
}

/** By frame type. The length of PRIORITY is a matter of its stream (6.3), so not here. */
const rules: readonly FrameRule[] = [
  /* DATA          */ rule('stream', 0),
  /* HEADERS       */ rule('stream', 0),
  /* PRIORITY      */ rule('stream', 0),
  /* RST_STREAM    */ rule('stream', 4, 4),
  /* SETTINGS      */ rule('connection', 0, initialFrameBytesMax, 6),
  /* PUSH_PROMISE  */ rule('stream', 0),
  /* PING          */ rule('connection', 8, 8),
  /* GOAWAY        */ rule('connection', 8),
  /* WINDOW_UPDATE */ rule('either', 4, 4),
  /* CONTINUATION  */ rule('stream', 0),
];

/** The verdict on a frame header; `openBlock` is the stream whose header block is not complete, or 0 (RFC 9113 4.3). */
export function frameFailure(type: number, id: number, length: number, openBlock: number): ConnectionFailure | null {
  if (length > initialFrameBytesMax) return failures.frameSize;
  if (openBlock !== 0 ? type !== FrameType.continuation || id !== openBlock : type === FrameType.continuation) {
    return failures.continuation;
  }
  const known = rules[type];
  if (known === undefined) return null;
  if (known.on === 'stream' && id === 0) return failures.frameStream;
  if (known.on === 'connection' && id !== 0) return failures.frameStream;
  const fits = length >= known.bytesMin && length <= known.bytesMax && length % known.unit === 0;
  return fits ? null : failures.frameSize;
}
