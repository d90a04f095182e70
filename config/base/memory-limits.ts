/** Hard limits of a listener's memory besides its heap (`listenerMemoryShedBytes`); units last. */

/** Full until it is so much less: memory is given back in steps, and a limit crossed at every check would answer by turns. */
export const memoryAgainShare = 0.9;
/** Resident memory of all listeners together: of what the machine, or the cgroup, has. Of one never less than the minimum. */
export const listenersMemoryShare = 0.5;
export const listenerResidentBytesMin = 268_435_456;
/**
 * What of the resident memory can be in use: heap and buffers, so much for programs and certificates, and so much for
 * each socket (a connection over TLS takes about 30 KB). The rest is what allocators keep after a rush and use again:
 * after 3,000 connections all 90 MB of them stay.
 */
export const listenerBaseBytes = 100_663_296;
export const socketNativeBytes = 98_304;
