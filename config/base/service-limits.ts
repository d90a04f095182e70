/** Messages to the service manager that wait for the one before; what comes beyond is not said. */
export const notifyPendingMax = 64;
