/** Limits of configuration files, their loading and their watch. */
export const configFileBytesMax = 4_194_304;
export const webConfigBytesMax = 262_144;
/** Structure of configuration files: what a person writes is far below, what a machine can inflate is above. */
export const configNodesMax = 200_000;
export const configDepthMax = 32;
export const configAliasesMax = 200;
/** Entries of `sites` and of `applicationPools`. */
export const configEntriesMax = 20_000;
export const configIncludesMax = 20_000;
export const configDiagnosticsMax = 500;
export const expandedValueBytesMax = 65_536;
export const xmlElementsMax = 20_000;
export const xmlDepthMax = 64;
export const xmlAttributesPerElementMax = 64;

/** One load of the configuration in its own thread. */
export const configLoadLimitMs = 60_000;
/** Sites and pools from which on its thread stays and loads only what has changed. */
export const configThreadStaysFrom = 400;
/** Young generation of its heap at most: a load of thousands of sites makes garbage that would be copied again and again. */
export const configThreadYoungMb = 256;
export const lastGoodDelayMs = 2_000;
/** The kernel's times of files lag behind the clock by up to this. */
export const fileTimeLagMs = 20;
export const watchRenameDelayMs = 5;
export const watchWriteDelayMs = 200;
/** However often files are written meanwhile. */
export const watchDelayMaxMs = 1_000;
export const watchPollIntervalMs = 30_000;
export const watchedFoldersMax = 65_536;
/** Files that are looked at in one turn; with more of them a look at all takes several. */
export const watchedFilesPerTurn = 2_000;
