/** Limits of logs, their tail and traces. */

/** IIS `logFile@truncateSize`. */
export const siteLogFileBytesMax = 20_971_520;
/** Lines that wait for the disk, over all access logs of a listener. */
export const accessLogsBufferBytesMax = 16_777_216;
/** A log without records closes its file: sites are many, descriptors few. */
export const accessLogIdleCloseMs = 600_000;
/** A file whose period has ended is left alone so long: a listener may still write its last lines. */
export const logPeriodGraceMs = 120_000;
/** Pause between two looks at what all logs occupy. */
export const logBudgetIntervalMs = 60_000;
/** IIS `maxLogLineLength`: a longer value of one column is cut. */
export const w3cValueCharsMax = 4_096;
/** Tail of logs: what is shown of what was written before, at most. */
export const logTailBytesMax = 262_144;
export const logTailLinesMax = 2_000;
export const logTailPollMs = 250;
/** What a follower gets in one such time, and what it gets at first; of more the beginning is skipped, and said. */
export const logTailReadBytesMax = 262_144;
export const logTailLineCharsMax = 16_384;
/** Traces of failed requests that one listener hands on in a second; further ones are counted. */
export const tracesPerSecondMax = 10;
/** Of rules in web.config files: as many again, and of one application so many. */
export const tracesPerSecondOfApplicationMax = 2;
export const traceRulesOfApplicationMax = 20;
/** Of a path and of a list of statuses in a web.config. */
export const traceRuleCharsMax = 250;
export const traceNotesMax = 100;
export const traceFieldCharsMax = 4_096;
export const traceFieldsMax = 200;
/** Traces that wait to be written; further ones are dropped. */
export const tracesWaitingMax = 100;
export const tracesListedMax = 1_000;
/** What lists of traces say of a file is remembered of so many. */
export const traceSummariesKept = 4_096;
/** Spans that wait for the collector, spans of one export, and how long an export may take. */
export const spansWaitingMax = 4_096;
export const spansPerExportMax = 256;
export const spanExportLimitMs = 10_000;
/** A listener that ends waits so long for the collector. */
export const spanExportEndMs = 1_000;
