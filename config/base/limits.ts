/**
 * Every hard limit that is not a setting, unit last. Settings have their defaults in the schema.
 * A limit that depends on another is asserted by `assertLimits`, which each process calls at start.
 */
import { invariant } from './invariant.js';

export * from './config-limits.js';

/** HTTP/1.1 request head (RFC 9112 2-5); answers 414 / 431. */
export const requestLineBytesMax = 8_192;
export const headerBlockBytesMax = 32_768;
export const headerFieldsMax = 100;
export const hostBytesMax = 255;
/** Names one message may announce in `Trailer`. */
export const trailerNamesMax = 64;

/** Chunked framing (RFC 9112 7.1). */
export const chunkSizeDigitsMax = 8;
export const chunkSizeLeadingZerosMax = 8;
export const chunkExtensionBytesPerMessageMax = 4_096;
/** Framing bytes (sizes, CRLFs) per message before a body of tiny chunks is refused, beyond 16 per data byte. */
export const chunkFramingSlackBytes = 65_536;

/** HTTP/2 (RFC 9113): streams of one connection, and what clients may send ahead of the workers. */
export const http2StreamsMax = 128;
export const http2StreamWindowBytes = 131_072;
export const http2ConnectionWindowBytes = 524_288;
/** Fields of one head as they arrive, with pseudo-header fields and every crumb of Cookie; joined, headerFieldsMax holds. */
export const http2FieldLinesMax = 128;
/** Block, lines and heads: frames of one header block; bytes of the heads of all live streams of a connection. */
export const http2BlockFramesMax = 32;
export const http2HeadBytesMax = 524_288;
/**
 * What a connection may spend without use: on streams that end by a reset (4 each, 1 where an answer had begun), so that
 * 200 in a burst and 7 a second are borne; on frames that carry nothing.
 */
export const http2ResetCostMax = 800;
export const http2ResetCostPerSecond = 27;
export const http2FramesMax = 2_000;
export const http2FramesPerSecond = 200;
/** Answers to PING, SETTINGS and bad streams that wait because the peer does not read. */
export const http2ControlFramesWaitingMax = 1_000;
/** Bytes of an answer that wait in a stream before its source is paused; of all streams while the peer takes nothing. */
export const http2StreamQueueHighBytes = 65_536;
export const http2StreamQueueLowBytes = 16_384;
export const http2QueueStalledBytesMax = 1_048_576;
/** Spellings of field names that one listener remembers for its answers. */
export const http2NamesKept = 1_024;

/** Answers of workers: as untrusted as requests. */
export const responseHeaderBytesMax = 65_536;
export const responseHeaderFieldsMax = 256;
export const interimResponsesMax = 16;

/** Unread request body that is drained after an early answer before the connection is closed. */
export const lingerBytesMax = 262_144;
export const lingerTimeMs = 2_000;

/** Limits by time: clients that one listener remembers per site, and how what was spent is told to the others. */
export const limitedAddressesMax = 32_768;
export const spendingIntervalMs = 100;
export const spendingEntriesMax = 1_000;
/** Answers that wait for bandwidth go on at these moments. */
export const pacerTickMs = 25;
/** PROXY protocol: addresses and what a load balancer adds to them. */
export const proxyHeaderBytesMax = 4_096;

/** A listener near its limit of descriptors or memory. The reserve is an eighth of the limit within these bounds. */
export const descriptorReserveMin = 32;
export const descriptorReserveMax = 1_024;
/** Share of the idle connections that is closed at once to make room. */
export const idleClosedShare = 1 / 32;
/** A connection that owes its first request, a head or a handshake is not taken for idle so long. */
export const newConnectionGraceMs = 1_000;
/** After accept failed for want of descriptors or memory. */
export const acceptRestMs = 500;
export const overloadCheckMs = 250;
/** Heap and buffers of a listener; beyond it requests get 503 until it is a tenth less. */
export const listenerMemoryShedBytes = 536_870_912;

/** Read buffer of one listener, shared by all its sockets (reads are handed on before the next). */
/**
 * V8's young generation in a listener, MiB: nearly nothing there outlives its request. With V8's own 16 a
 * listener grows from 67 to 85 MB in its first million requests and is no faster.
 */
export const listenerNewSpaceMiB = 4;
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
/**
 * Answers over HTTP/2: a client may ask for very many at once and take none. Such a stream begins with a small window, which
 * grows while the client takes what comes, to this size, and all of a connection's together by no more than this.
 */
export const linkSmallWindowBytes = 8_192;
export const linkGrownWindowBytes = 65_536;
export const linkWindowGrowthBytesMax = 524_288;
/** What may come beyond a window: the last bytes of a worker that exits, which waits for no credit. */
export const linkStreamGraceBytes = 2_097_152;
export const linkStreamsMax = 65_536;
/** Waiting bytes of one link towards a worker that does not read them: no further request starts, bodies wait. */
export const linkBacklogBytesMax = 4_194_304;
/** Frames of one link that a listener handles before other workers and clients have their turn. */
export const linkFramesPerTurnMax = 256;
export const linkHelloTimeoutMs = 5_000;

/** Control pipe between primary and in-process worker: messages from a process that runs tenant code. */
export const controlMessageBytesMax = 65_536;
export const controlMessagesPerSecondMax = 200;
export const controlBytesPerSecondMax = 1_048_576;
/** After a silence a worker may send at once what that time allowed, so much of it: the primary may have been the one that slept. */
export const controlCatchUpSecondsMax = 30;
/** A timer of the primary that is so late was held up with everything else: what arrived meanwhile is read first, within this time. */
export const heldUpMs = 1_000;
export const catchUpMs = 200;
export const heartbeatIntervalMs = 250;
/** Of a worker that little is asked of: a hundred such pools must not keep the primary and themselves awake. */
export const quietHeartbeatIntervalMs = 2_000;
export const heartbeatLateMs = 1_000;
/** A worker that was silent for hangDetection is asked why, and hangs if it is silent still after this time. */
export const stallConfirmMs = 400;
/** For the stack, profile and heap numbers of a worker that hangs, from the question on. */
export const stallCaptureMs = 1_000;
/** Of these, the CPU profile. */
export const stallProfileMs = 400;
/** And the wait for a function of the app, when Node's own code was caught between two of them. */
export const stallStepMs = 150;
export const stallFramesMax = 50;
export const hotLinesMax = 10;
/** A file of black boxes; three generations are kept. */
export const blackBoxFileBytesMax = 1_048_576;

/** Worker output: read at this rate, never kept beyond the tail. */
export const outputBytesPerSecondMax = 1_048_576;
export const outputBurstBytes = 8_388_608;
export const outputTailBytes = 30_000;
/** Of them, on the page of a development environment; and names of variables there. */
export const failurePageOutputCharsMax = 8_000;
export const failurePageVariablesMax = 50;
export const outputFileBytesMax = 10_485_760;
export const outputFilesKept = 3;

/** A stdoutLogFile lies in the tenant's folder but is written by us: it ends here, with one log line. */
export const stdoutLogBytesMax = 104_857_600;
/** Bytes waiting for one output file before the worker's pipe is left unread. */
export const outputBacklogBytesMax = 262_144;
/** What a worker may add to the server log: lines in a minute, codes of notices in its life, text of one. */
export const workerNotesPerMinuteMax = 10;
export const workerNoticeCodesMax = 32;
export const workerNoteCharsMax = 1_000;
/** Pause between two looks for processes that a pool's user left, and how often they are killed. */
export const userSweepPauseMs = 50;
export const userSweepsMax = 20;
/** A start waits so long for the guardian of a primary that died in the same run folder. */
export const earlierGuardianWaitMs = 10_000;
/** Wait for the end of the output after a worker's exit; a grandchild may hold the pipe. */
export const outputDrainMs = 300;

/** The runtimes end a late start themselves and say why; the supervisor's own timer is so much later. */
export const startBackstopMs = 5_000;

/** Weight of primary and listeners beside pools, which have 100 each. */
export const serverCpuWeight = 400;
/** Control groups of other servers that are empty and older than this belong to nobody. */
export const abandonedGroupAgeMs = 60_000;
/** Until a killed control group is empty. */
export const groupEmptyPollMs = 10;
export const groupEmptyPollsMax = 500;
/** Dead processes of it that nobody has reaped yet and that are not waited for. */
export const groupUnreapedMax = 16;
/** How often usage is compared with limits that the kernel does not hold by itself. */
export const limitWatchIntervalMs = 1_000;
/** RLIMIT_NPROC counts threads too; a worker of Node has about 11, of .NET about 30. */
export const processesPerWorker = 512;

/** Start of out-of-process workers (ASP.NET Core Module). */
export const portCandidatesMax = 10;
export const randomPortMin = 10_000;
export const randomPortMax = 48_000;
export const fixedPortMin = 1_025;
export const readinessPollMinMs = 25;
export const readinessPollMaxMs = 250;
export const shutdownAnswerTimeoutMs = 3_000;
/** The end of a process is known so long after its connections broke. */
export const exitBehindConnectionMs = 250;
export const connectProbeTimeoutMs = 1_000;

/** The server log: one field of a record, what waits for the disk, and how long an exit waits for a write. */
export const logFieldCharsMax = 8_192;
export const logBacklogBytesMax = 4_194_304;
export const logExitWaitMs = 250;

/** Ends kept per slot, of each so much output; receipts kept per pool. */
export const obituariesKept = 50;
export const obituaryOutputCharsMax = 8_000;
export const receiptsKept = 100;
export const socketPathBytesMax = 100;
export const environmentVariablesMax = 500;
/** `requestTimeout` of httpPlatform; aspNetCore stops at half of it. */
export const requestTimeoutMsMax = 2_592_000_000;
export const recycleFilesMax = 16;
/** Of the request that a new worker answers before clients reach it (preloadEnabled). */
export const warmUpUserAgent = 'Sluice-WarmUp';
/** Of pools with `affinity: cookie`. */
export const affinityCookieName = 'SluiceAffinity';
/** Cookie values that a listener remembers as good, per application. */
export const affinityMarksMax = 4_096;
/** A web.config: sections that are mentioned, and the path of a location. */
export const webConfigMentionsMax = 25;
export const locationPathCharsMax = 1_024;
/** Sub-folders of applications that are searched for web.config files: of one, of all of a load; their entries. */
export const subFoldersPerApplicationMax = 500;
export const subFoldersMax = 150_000;
export const subFolderEntriesMax = 20_000;
/** Applications whose files are read at the same time. */
export const applicationsReadAtOnce = 16;
/** One file of a certificate, key, PKCS #12 or list of authorities. */
export const certificateFileBytesMax = 1_048_576;
/** Detection of an application: what it reads of a folder that a tenant may have filled. */
export const detectionJsonBytesMax = 1_048_576;
export const detectionFolderEntriesMax = 20_000;
export const detectionProgramsMax = 16;
export const detectionBinaryBytesMax = 268_435_456;
/** Listener: one coarse timer for all deadlines, and what lies between a socket and the kernel. */
export const deadlineTickMs = 500;
export const writeScratchBytes = 81_920;
/** `limits.connectionTimeout` of a connection that no request has tied to a site yet. */
export const newConnectionTimeoutMs = 120_000;
/** Rates (webLimits.minBytesPerSecond) are judged after this grace. */
export const rateGraceMs = 5_000;
export const listenBacklog = 4_096;
export const countersIntervalMs = 1_000;
export const accessLogFlushBytes = 65_536;
/** Beyond this size the access log is renamed, unless somebody (logrotate) was quicker. */
export const accessLogFileBytesMax = 104_857_600;
export const accessLogCheckIntervalMs = 5_000;
export const accessLogBufferBytesMax = 4_194_304;
/** Connects that may fail for one request before it is answered 502.3; each one hands over nothing. */
export const connectFailuresMax = 3;
/** A periodic recycle whose replacement did not start is asked for again after this time. */
export const recycleAgainMs = 300_000;
/** Pause between two looks at the memory and state of the workers. */
export const measureIntervalMs = 5_000;
/** A worker is not replaced for its memory before this age: a limit below what it needs must not be a loop. */
export const memoryRecycleAgeMs = 15_000;
/** Sick processes of one pool that are left alone for inspection; further ones are killed. */
export const orphansPerPoolMax = 4;
/** A program that the configuration names for an event (autoShutdownExe, orphanActionExe). */
export const eventProgramLimitMs = 60_000;
/** A worker that refused a connection is left alone so long, unless the primary says more about it. */
export const unreachableRestMs = 1_000;
/** An in-process worker whose links break more often than so many times (each with its own suspicion) in this time is killed. */
export const suspicionsMax = 3;
export const suspicionWindowMs = 60_000;
/** Pause before a request that lost its worker goes to another. */
export const retryRestMs = 300;
/** A restart is accounted for without a new worker if no retried request has asked for one by then. */
export const successorWaitMs = 2_000;
/** Workers that are ended together do not end at the same instant: until then one still takes requests. */
export const sameCrashMs = 200;
export const linkPingIntervalMs = 250;
/** Idle upstream connections: kept per worker, and how long without an announced Keep-Alive timeout. */
export const idleUpstreamConnectionsMax = 256;
export const idleUpstreamMs = 1_000;
export const idleUpstreamDotnetMs = 60_000;
/** A request with a body takes a new stream when the old one idled so long: the worker may just sweep it. */
export const streamReuseWithBodyMs = 1_000;
/** After a close frame 1012 a tunnel has so long before it is cut. */
export const tunnelNoticeMs = 1_000;
export const lostLinesMax = 32;
export const lostLineCharsMax = 256;
/** A dump: how long a host may take for its report or heap snapshot, and what is read of /proc. */
export const dumpReportLimitMs = 10_000;
export const dumpHeapLimitMs = 120_000;
export const processReportFileBytesMax = 65_536;
export const processReportEntriesMax = 512;
/** Requests that a worker broke off longer than this before its end were no part of that end. */
export const lossWindowMs = 3_000;
/** The record of a crash waits so long for what the listeners lost with the worker. */
export const lostLinesWaitMs = 250;
/** A start gives its place in the node-wide start limit back after this time, ready or not: a slow app
 * of one tenant must not hold up the starts of others. */
export const startGateHoldMs = 5_000;
/** A worker that has just started has the machine for itself so long before a spare host is started for the next one. */
export const spareRestMs = 1_000;
/** Sites in one message to a listener that has to learn all of them. */
export const routesPerMessageMax = 500;
export const acknowledgeSilenceMs = 2_000;
export const claimAnswerTimeoutMs = 100;
export const crashLinesKept = 64;

/** A configuration is read when its files were left alone for so long, waits for that at most so long, and is read so often. */
export const configQuietMs = 200;
export const configQuietWaitMs = 1_000;
export const readAttemptsMax = 3;

/** Sockets that a service manager may pass on. */
export const passedSocketsMax = 1_024;

/** Listener processes, as the primary watches them. */
export const listenerHelloLimitMs = 20_000;
export const listenerPingIntervalMs = 500;
/** A listener that dies sooner than this, before it was ready, counts towards the restart delay. */
export const listenerRestartDelayFirstMs = 250;
export const listenerRestartDelayMaxMs = 5_000;
/** A listener that is one too many finishes its requests within this time. */
export const listenerRetireLimitMs = 5_000;
/** Deaths in a row before the first listener was ever ready: the start of the server fails. */
export const listenerStartAttemptsMax = 4;
/** From the first fork until every listener accepts. */
export const listenerStartLimitMs = 45_000;

/** TLS: the first message of a client (RFC 8446 4.1.2), and the time from accept to the end of the handshake. */
export const clientHelloBytesMax = 16_384;
export const tlsHandshakeLimitMs = 10_000;
/** Handshakes that wait for their turn, of one listener; more are closed. */
export const tlsHandshakesWaitingMax = 2_048;
export const tlsHandshakePauseMs = 50;
/** Certificates that one listener keeps ready; the one unused the longest goes first. */
export const tlsContextsMax = 1_000;
/** Questions of one listener for certificates that are not answered yet. */
export const tlsQuestionsMax = 1_000;
/** A certificate that could not be had is not asked for again so long. */
export const tlsMissingRestMs = 2_000;
export const tlsCertificateWaitMs = 5_000;
export const tlsTicketRotationMs = 28_800_000;
/** Certificates of a folder whose names are looked at; beyond it file names alone count. */
export const certificateStoreFilesMax = 20_000;

/** ACME (RFC 8555): one exchange with the authority, what it may answer, and how often its answers are asked for. */
export const acmeCallLimitMs = 30_000;
export const acmeAnswerBytesMax = 262_144;
export const acmeNonceAttemptsMax = 10;
export const acmePollMs = 1_000;
export const acmePollsMax = 90;
/** Retry-After beyond this ends the order; it is the pause before the next one then. */
export const acmePollPauseMaxMs = 60_000;
export const acmeOrdersAtOnce = 4;
/** After a failure; doubled by each further one, and spread by half. */
export const acmeRetryFirstMs = 60_000;
export const acmeRetryMaxMs = 86_400_000;
/** Looked at so often whether something is due: the wall clock may be set. */
export const acmeLookIntervalMs = 3_600_000;
/** A handshake waits so long for a certificate that is on its way; the next one finds it. */
export const acmeHandshakeWaitMs = 8_000;
/** Names that are known, and names asked for by clients that an order is begun for within an hour. */
export const acmeNamesMax = 20_000;
export const acmeOnDemandPerHour = 100;
/** OCSP answers for must-staple certificates (RFC 7633): asked for anew at half their life; after a failure so soon. */
export const ocspAnswerBytesMax = 65_536;
export const ocspCallLimitMs = 10_000;
export const ocspRetryMs = 300_000;
/** Answers without an end, and the longest pause. */
export const ocspRefreshMaxMs = 43_200_000;
/** The first handshake waits so long. */
export const ocspWaitMs = 4_000;
/** Certificates that the primary keeps and watches; the one asked for the longest ago goes first. */
export const certificatesLoadedMax = 4_000;
/** Many that are asked for at once are watched by one look at the file system. */
export const certificateWatchDelayMs = 100;
/** Certificates that the metrics and the view name: those that end first. */
export const certificatesShownMax = 1_000;
/** Before the end of a certificate: from then on the log says so, once a day. */
export const certificateWarningMs = 1_209_600_000;
export const certificateLookIntervalMs = 3_600_000;

/** Actions of the admin API that run at once, and those that ended and can still be asked about. */
export const operationsRunningMax = 64;
export const operationsKept = 100;
/** The command line asks so often, and reads so much. */
export const operationPollMs = 200;
export const adminAnswerBytesMax = 268_435_456;
/** Admin API: its requests are small and its clients few. */
export const adminConnectionsMax = 128;
export const adminRequestLimitMs = 10_000;
export const adminIdleLimitMs = 5_000;

/** The oldest Node whose HTTP server the in-process host was tried with: package.json `engines`. */
export const oldestHostNode = [20, 19] as const;

export function assertLimits(): void {
  invariant(linkStreamWindowBytes >= 4 * linkFrameBytesMax, 'a stream window holds several frames');
  invariant(linkBacklogBytesMax >= 4 * linkStreamWindowBytes, 'a link holds several stream windows');
  invariant(writeQueueLowBytes < writeQueueHighBytes, 'write queue marks are ordered');
  invariant(headerBlockBytesMax >= requestLineBytesMax, 'the header block is larger than a request line');
  invariant(listenerHelloLimitMs * 2 < listenerStartLimitMs, 'a listener that says no hello is replaced once');
  invariant(listenerPingIntervalMs * 2 < acknowledgeSilenceMs, 'a silent listener misses several pings');
  invariant(sameCrashMs < retryRestMs, 'a retry is handed over after the crash, not during it');
  invariant(readBufferBytes >= linkFrameBytesMax, 'one read can hold one frame');
}
