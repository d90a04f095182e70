/** Bounds of the admin API: what its clients may send, ask for and leave unread. */

/** A body of a route that does not name its own bound. */
export const adminBodyBytesMax = 65_536;
/** An event stream whose client leaves so much unread is cut; the client asks again from where it was. */
export const eventStreamUnreadBytesMax = 1_048_576;
export const eventStreamHeartbeatMs = 5_000;

/** Requests over TCP of one token or session: so many at once, and so many more each second. */
export const adminBurstMax = 300;
export const adminRequestsPerSecond = 100;
/** Requests of one address that brought nothing, or something wrong. */
export const adminFailuresBurstMax = 30;
export const adminFailuresPerSecond = 1;
/** Changes, and sign-ins, of one token that is not an admin's for all pools: each leaves a record in the log. */
export const adminChangesBurstMax = 60;
export const adminChangesPerSecond = 1;
/** Records of refusals, for each caller or group of addresses; those that are left out are counted. */
export const refusalRecordsBurstMax = 20;
export const refusalRecordsPerSecond = 1 / 60;
/** All addresses together have so many times as much. */
export const refusalSourcesMax = 5;
/** Who is counted at the same time; of more the one that was seen least recently is forgotten. */
export const adminCountedMax = 1_000;

/** A link to the dashboard works once and within this time. */
export const loginCodeLimitMs = 900_000;
export const loginCodesMax = 16;
export const sessionLimitMs = 43_200_000;
export const sessionsMax = 1_000;
/** Of more the oldest of that token end. */
export const sessionsPerCallerMax = 20;

/**
 * TCP connections of the admin listener: more than one turn of the event loop accepts at once. Of more, whoever has the
 * most loses the oldest.
 */
export const adminTcpConnectionsMax = 256;
/** From the first byte, or the connection, to the end of a request's head. */
export const adminHeadLimitMs = 3_000;
export const adminConnectionsLookMs = 1_000;
/** A renewed certificate of `admin.tls` is seen within this time. */
export const adminTlsLookMs = 5_000;

/** Events that a client which comes back can still get, and how much text they may be. */
export const eventsKept = 1_000;
export const eventsKeptCharsMax = 4_194_304;
/** Further clients are refused; one caller has a quarter of them, and the last quarter is for admins of all pools. */
export const eventStreamsMax = 64;
export const logStreamsMax = 32;
/** Then the client has to come back, with rights that it still has. */
export const eventStreamLimitMs = 3_600_000;
/** While somebody listens. */
export const sampleIntervalMs = 1_000;

/** A node that is drained is looked at so often, and believed to be quiet when it was so as many times running. */
export const drainLookMs = 1_000;
export const drainQuietLooks = 2;
