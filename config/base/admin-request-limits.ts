/** Limits of the list of live requests. */

/** Of one listener: those that take the longest; and of each text that a client sent. */
export const liveRequestsMax = 500;
export const liveRequestCharsMax = 256;
/** A listener that has not answered by then is named instead of waited for. */
export const liveRequestsAnswerMs = 1_000;
/** Of all listeners, in one answer: unless asked otherwise, and at most. */
export const liveRequestsListed = 200;
export const liveRequestsListedMax = 1_000;
