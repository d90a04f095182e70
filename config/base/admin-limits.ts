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
/** Who is counted at the same time; of more the one that was seen least recently is forgotten. */
export const adminCountedMax = 1_000;

/** A link to the dashboard works once and within this time. */
export const loginCodeLimitMs = 900_000;
export const loginCodesMax = 16;
export const sessionLimitMs = 43_200_000;
export const sessionsMax = 100;

/** Events that a client which comes back can still get, and how much text they may be. */
export const eventsKept = 1_000;
export const eventsKeptCharsMax = 4_194_304;
/** Further clients are refused. */
export const eventStreamsMax = 64;
/** Then the client has to come back, with rights that it still has. */
export const eventStreamLimitMs = 3_600_000;
/** While somebody listens. */
export const sampleIntervalMs = 1_000;

/** A node that is drained is looked at so often, and believed to be quiet when it was so as many times running. */
export const drainLookMs = 1_000;
export const drainQuietLooks = 2;
