// HOT: measured by test/bench/link.bench.ts
/**
 * Frames of the link between one listener and one in-process worker (one unix socket, many streams).
 * A stream is one client connection as this worker sees it: a virtual socket, on which requests run
 * strictly one after another. The listener chooses stream ids (1, 2, 3 ... never reused on a link).
 *
 * Layout, big endian: u32 payload length | u8 type | u8 flags | u16 aux | u32 stream id | payload.
 * Payloads are at most `linkFrameBytesMax`; a larger one ends the link.
 *
 * listener -> worker
 *   Hello     payload JSON { protocol, token, listener }; the first frame, answered by Hello or a close
 *   Request   head of the next request: latin1, fields `name\nvalue\n...` then `method\nurl`, and with
 *             flag `newStream` behind these `remoteAddress\nremotePort\nlocalAddress\nlocalPort`
 *             (no part can hold a LF: the listener refused it). Flags below.
 *   Body      decoded request body bytes (after an accepted upgrade: tunnel bytes); flag `end` = complete
 *   Trailers  complete, with trailers `name\nvalue...`; replaces Body+end
 *   Fin       the client half-closed or closed: push(null); Reset  the client reset: ECONNRESET
 *   Close     idle stream is no longer needed (client left, listener drains): no error
 *   Credit    aux unused, payload u32: the listener accepted so many more answer bytes of this stream
 *   Goaway    stream 0: no further streams will come (listener ends)
 *   Ping      stream 0, payload u32 id
 * worker -> listener
 *   Hello     payload JSON { protocol }
 *   Answer    bytes Node wrote to the virtual socket, unchanged. Flag `head`: they start with the final
 *             head (of which the listener believes nothing). Flag `end`: the response is finished
 *   Fin       the app ended its side (socket.end); Reset  the app destroyed the socket
 *   Closed    the worker swept the idle stream; a Request that crosses it is answered by Refused
 *   Refused   this Request was not handed to the app (draining, unknown stream): may be sent elsewhere
 *   Credit    payload u32: so many more body bytes may be sent on this stream
 *   Goaway    stream 0: send no new streams; Pong stream 0, payload u32 id, u32 requests in flight (all links)
 *
 * Ends. Frames for a stream that a side has forgotten are ignored (a Request is Refused). A Fin of the
 * worker half-closes: the stream lives until the listener says Fin, Reset or Close for it, or until the
 * worker destroys the socket by itself (after `Connection: close`), which then needs no further frame.
 * Without a Fin before, a destroyed socket is told: Closed when only the worker's side was tidied up
 * (swept, drained, closeIdleConnections: the client's connection stays), Reset when the app cut it.
 *
 * What the worker may say about streams that the listener ended is bounded by the window and grace of each;
 * a worker that says more, or gives more credit than it took bytes, loses the link.
 *
 * Windows: each direction of each stream starts with `linkStreamWindowBytes` (flag `smallWindow`: less for answers), counted in payload bytes
 * of Body (towards the worker) and Answer (towards the listener); heads count too in Answer. A worker
 * that exits sends what it still has at once, up to `linkStreamGraceBytes` beyond its window.
 */
export const frameHeaderBytes = 12;

export const FrameType = {
  Hello: 1,
  Request: 2,
  Body: 3,
  Trailers: 4,
  Fin: 5,
  Reset: 6,
  Close: 7,
  Closed: 8,
  Refused: 9,
  Credit: 10,
  Goaway: 11,
  Ping: 12,
  Pong: 13,
  Answer: 14,
} as const;
export type FrameType = (typeof FrameType)[keyof typeof FrameType];

/** Flags of `Request`. */
export const RequestFlag = {
  /** The virtual socket does not exist yet; addresses follow. */
  newStream: 1,
  /** Body or Trailers frames follow; without it the request is complete. */
  body: 2,
  /** `Expect: 100-continue` is among the fields. */
  expect: 4,
  /** A well-formed websocket upgrade: `Connection` and `Upgrade` are among the fields. */
  upgrade: 8,
  /** HTTP/1.0. */
  http10: 16,
  /** The client asked for `Connection: close` (or 1.0 without keep-alive). */
  close: 32,
  /** The client reached us over TLS. */
  encrypted: 64,
  /** With `newStream`: answers begin with a window of `linkSmallWindowBytes`, and later credit may widen it. */
  smallWindow: 128,
} as const;

export const EndFlag = 1;
export const AnswerFlag = { end: 1, head: 2 } as const;
