/** Limits of profiles and dumps. */

export const profileSamplingUs = 1_000;
export const profileSecondsDefault = 10;
export const profileSecondsMax = 120;
/** The largest file of a profile or dump that is handed out. */
export const dumpFileBytesMax = 4_294_967_296;
