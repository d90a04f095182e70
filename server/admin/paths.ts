/** Reopens every log file: for the `postrotate` of logrotate. */
export const reopenLogsPath = '/api/v1/logs/reopen';

export const upgradePath = '/api/v1/node/upgrade';
