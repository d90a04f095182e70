/** Limits of the list of live requests. */

/** Of one listener, and of all in one answer: those that take the longest; and of each text that a client sent. */
export const liveRequestsMax = 1_000;
export const liveRequestCharsMax = 256;
/** A listener that has not answered by then is named instead of waited for. */
export const liveRequestsAnswerMs = 1_000;
/** Unless asked otherwise. */
export const liveRequestsListed = 200;
