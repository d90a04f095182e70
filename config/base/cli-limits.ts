/** Limits of the command line: what `sluice doctor` asks of a machine, and how often live views ask the server. */

/** Descriptors of one process, processes and threads of one user, and folders watched for changes. */
export const filesWanted = 65_536;
export const processesWanted = 4_096;
export const inotifyWatchesWanted = 8_192;
/** Free space below which a disk counts as nearly full. */
export const diskFreeBytesMin = 268_435_456;
/** Files dated so much later than now: the clock was set back. */
export const clockSkewMs = 120_000;
/** A health check of a container ends by then, whatever the server does. */
export const healthcheckLimitMs = 4_000;
/** One server-sent event. */
export const eventTextCharsMax = 1_048_576;
/** Pause before events are asked for again after the connection broke; and how often in a row. */
export const eventsAgainMs = 1_000;
export const eventsAttemptsMax = 30;
/** The live view says so when the server has sent no figures for so long; they come every second. */
export const topSilenceMs = 4_000;
