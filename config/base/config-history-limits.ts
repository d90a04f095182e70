/** Limits of the administration of configurations: candidates, answers, history. */
/** Of one file that is sent to be tried or applied. */
export const candidateBytesMax = 1_048_576;
/** JSON may write one character as six; text of that kind is no configuration. */
export const candidateBodyBytesMax = 2 * candidateBytesMax + 65_536;
export const settingPathCharsMax = 2_048;
export const settingsPerAnswer = 1_000;
export const settingsPerAnswerMax = 20_000;
export const changesPerAnswerMax = 1_000;
export const problemsPerAnswerMax = 200;
/** Applied configurations that can be gone back to. */
export const configHistoryMax = 50;
/** A configuration of more files is noted in the history without their contents. */
export const configHistoryFilesMax = 2_000;
/** Contents of all entries together; the oldest entries go first. */
export const configHistoryBytesMax = 67_108_864;
export const configHistoryNoteCharsMax = 200;
export const configHistorySummaryCharsMax = 300;
/** Looking at a configuration in a thread of its own. */
export const configStudyLimitMs = 60_000;
/** One caller has a quarter of them, and the last quarter is for admins of all pools. */
export const configStudiesWaitingMax = 32;
/** After an applied change: how long its answer waits for every listener. */
export const configAcknowledgeLimitMs = 10_000;
