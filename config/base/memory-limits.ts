/** Hard limits of a listener's memory besides its heap (`listenerMemoryShedBytes`); units last. */

/** Full until it is so much less: memory is given back in steps, and a limit crossed at every check would answer by turns. */
export const memoryAgainShare = 0.9;
/** Resident memory of all listeners together: of what the machine, or the cgroup, has. Of one never less than the minimum. */
export const listenersMemoryShare = 0.5;
export const listenerResidentBytesMin = 268_435_456;
/**
 * What of the resident memory can be in use: heap and buffers, so much for programs and certificates, and so much for
 * each socket (OpenSSL holds about 50 KB for a connection). The rest is what allocators keep after a rush and use again.
 */
export const listenerBaseBytes = 167_772_160;
export const socketNativeBytes = 98_304;
