/** Numbers of RFC 9113: frame types (6), flags, settings (6.5.2), error codes (7). */
export const FrameType = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const Flag = {
  /** Of SETTINGS and PING. */
  ack: 0x1,
  endStream: 0x1,
  endHeaders: 0x4,
  padded: 0x8,
  priority: 0x20,
} as const;

export const Setting = {
  headerTableSize: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
  maxHeaderListSize: 6,
  /** RFC 8441 3. */
  enableConnectProtocol: 8,
} as const;

export const ErrorCode = {
  noError: 0x0,
  protocolError: 0x1,
  internalError: 0x2,
  flowControlError: 0x3,
  settingsTimeout: 0x4,
  streamClosed: 0x5,
  frameSizeError: 0x6,
  refusedStream: 0x7,
  cancel: 0x8,
  compressionError: 0x9,
  connectError: 0xa,
  enhanceYourCalm: 0xb,
  inadequateSecurity: 0xc,
  http11Required: 0xd,
} as const;

/** RFC 9113 3.4: the first 24 bytes of every client connection. */
export const connectionPreface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

export const frameHeaderBytes = 9;
/** RFC 9113 6.5.2: initial values, and bounds of SETTINGS_MAX_FRAME_SIZE and of windows. */
export const initialWindowBytes = 65_535;
export const initialFrameBytesMax = 16_384;
export const frameBytesLimit = 16_777_215;
export const windowBytesLimit = 2_147_483_647;
export const initialHeaderTableBytes = 4_096;
export const lastStreamId = 2_147_483_647;
