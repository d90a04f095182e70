/** Limits of profiles and dumps. */

export const profileSamplingUs = 1_000;
export const profileSecondsDefault = 10;
export const profileSecondsMax = 120;
/** The largest file of a profile or dump that is handed out. */
export const dumpFileBytesMax = 4_294_967_296;
/** Files of dumps and profiles of one pool in one folder; older ones go. */
export const dumpsKeptMax = 10;
/** What those that are there may have when one more is written. */
export const dumpsKeptBytesMax = 4_294_967_296;
