/** Messages to the service manager that wait for the one before; what comes beyond is not said. */
export const notifyPendingMax = 64;
/** Longest line between two primaries during an upgrade: names of thousands of applications. */
export const upgradeLineBytesMax = 4_194_304;
/** How long a new primary waits for the orders that the old one goes by: older versions tell none. */
export const upgradeOrdersLimitMs = 2_000;
/** A new primary that is not ready by then is killed, and the old one goes on. */
export const upgradeReadyLimitMs = 120_000;
/** What it gets to take over, once it was ready: it opens two sockets and renames some files. */
export const upgradeTakeLimitMs = 10_000;
/** Where others listen on the same sockets, idle clients of a listener that ends may send one more request before they are closed. */
export const idleLingerMs = 5_000;
/** How often `sluice upgrade` asks how it goes. */
export const upgradePollMs = 100;
