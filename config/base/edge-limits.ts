/** Hard limits of a listener's connections before HTTP is read from them; units last. */

/** A first TLS message with the headers of its records: ones of a byte each are legal, for small messages. */
export const clientHelloRecordsBytesMax = 32_768;

/**
 * The kernel has no descriptor for a new connection: one that idled less than this is not closed for it. Its client
 * is in use, and the next request may be on its way. Idle times are known to a second.
 */
export const quietLeastMs = 2_000;

/** A connection that served several requests counts as in use until it idled so long: others are closed before it. */
export const keptInUseMs = 10_000;
/**
 * Accepting pauses for so many looks at the load before those in use are closed for new ones: many that were accepted
 * at once are idle by then, or have outlived `newConnectionGraceMs`.
 */
export const checksBeforeInUse = 4;

/**
 * What a listener's heap may grow by, in percent of what is alive, before all of it is looked through. V8 alone lets a
 * small heap grow to four times that: clients that are thrown out and come again filled it with what they left.
 */
export const listenerHeapGrowthPercent = 50;
