/** Bounds of the admin API: what its clients may send, ask for and leave unread. */

/** A body of a route that does not name its own bound. */
export const adminBodyBytesMax = 65_536;
/** An event stream whose client leaves so much unread is cut; the client asks again from where it was. */
export const eventStreamUnreadBytesMax = 1_048_576;
export const eventStreamHeartbeatMs = 5_000;
