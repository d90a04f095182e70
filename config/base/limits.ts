/**
 * Every hard limit that is not a setting, unit last. Settings have their defaults in the schema.
 * A limit that depends on another is asserted by `assertLimits`, which each process calls at start.
 */
import { invariant } from './invariant.js';

/** HTTP/1.1 request head (RFC 9112 2-5); answers 414 / 431. */
export const requestLineBytesMax = 8_192;
export const headerBlockBytesMax = 32_768;
export const headerFieldsMax = 100;
export const hostBytesMax = 255;

/** Chunked framing (RFC 9112 7.1). */
export const chunkSizeDigitsMax = 8;
export const chunkSizeLeadingZerosMax = 8;
export const chunkExtensionBytesPerMessageMax = 4_096;
/** Framing bytes (sizes, CRLFs) per message before a body of tiny chunks is refused, beyond 16 per data byte. */
export const chunkFramingSlackBytes = 65_536;

/** Answers of workers: as untrusted as requests. */
export const responseHeaderBytesMax = 65_536;
export const responseHeaderFieldsMax = 256;
export const interimResponsesMax = 16;

/** Unread request body that is drained after an early answer before the connection is closed. */
export const lingerBytesMax = 262_144;
export const lingerTimeMs = 2_000;

/** Read buffer of one listener, shared by all its sockets (reads are handed on before the next). */
export const readBufferBytes = 65_536;
/** Bytes queued towards one client or worker socket before its source is paused. */
export const writeQueueHighBytes = 262_144;
export const writeQueueLowBytes = 65_536;
/** Pipelined bytes kept of one client connection while its request is busy. */
export const pipelineBufferBytesMax = 65_536;

/** Link between listener and in-process worker. */
export const linkProtocolVersion = 1;
export const linkFrameBytesMax = 65_536;
export const linkStreamWindowBytes = 262_144;
export const linkStreamsMax = 65_536;
export const linkHelloTimeoutMs = 5_000;

/** Control pipe between primary and in-process worker: messages from a process that runs tenant code. */
export const controlMessageBytesMax = 65_536;
export const controlMessagesPerSecondMax = 200;
export const heartbeatIntervalMs = 250;
export const heartbeatLateMs = 1_000;

/** Worker output (D14 of the design): read at this rate, never kept beyond the tail. */
export const outputBytesPerSecondMax = 1_048_576;
export const outputBurstBytes = 8_388_608;
export const outputTailBytes = 30_000;
export const outputFileBytesMax = 10_485_760;
export const outputFilesKept = 3;

export const obituariesKept = 50;
export const socketPathBytesMax = 100;
export const configFileBytesMax = 4_194_304;
export const webConfigBytesMax = 262_144;
export const acknowledgeSilenceMs = 2_000;
export const claimAnswerTimeoutMs = 100;
export const crashLinesKept = 64;

export function assertLimits(): void {
  invariant(linkStreamWindowBytes >= 4 * linkFrameBytesMax, 'a stream window holds several frames');
  invariant(writeQueueLowBytes < writeQueueHighBytes, 'write queue marks are ordered');
  invariant(headerBlockBytesMax >= requestLineBytesMax, 'the header block is larger than a request line');
  invariant(readBufferBytes >= linkFrameBytesMax, 'one read can hold one frame');
}
