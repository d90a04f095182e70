/**
 * Every answer that is Sluice's own and not an application's: status and sub-status as IIS numbers them, the
 * word that stands in the logs, and what to do about it. The reference page and the pages of a development
 * environment are made from this table; a visitor elsewhere gets `neutralSentence` and nothing of it.
 */
export interface StatusEntry {
  readonly status: number;
  readonly subStatus: number;
  /** Words of the `reason` field of logs and metrics; empty: this entry is for every other word. */
  readonly reasons: readonly string[];
  readonly title: string;
  readonly cause: string;
  readonly remedy: string;
}

function entry(
  code: readonly [status: number, subStatus: number],
  reasons: readonly string[],
  title: string,
  cause: string,
  remedy: string,
): StatusEntry {
  return { status: code[0], subStatus: code[1], reasons, title, cause, remedy };
}

const readLog = 'The record `start-failed` in the server log and `problem` of the pool view say what and why.';

const applications: readonly StatusEntry[] = [
  entry(
    [500, 0],
    ['StartFailed'],
    'The application could not be prepared',
    'In-process: something outside the application failed before it ran (folders, sockets, a system call).',
    readLog,
  ),
  entry(
    [500, 19],
    ['Misconfigured'],
    'The configuration of the application is not valid',
    'Its web.config or its hosting cannot be read, or holds a restriction that is not implemented.',
    '`sluice check` names file, line, column and element.',
  ),
  entry(
    [500, 30],
    ['StartFailed'],
    'The application failed to start',
    'In-process: entry or folder missing or closed, the code threw, ended, or cannot be hosted.',
    readLog,
  ),
  entry(
    [500, 31],
    ['StartFailed'],
    'The Node for the application is missing or does not fit',
    'In-process: `nodePath` leads nowhere, is older than the host needs, or is not what `engines` of package.json asks for.',
    'Set `nodePath` of the pool to a Node that fits.',
  ),
  entry(
    [500, 34],
    ['Misconfigured'],
    'In-process and out-of-process applications cannot share a pool',
    'An application before this one in the pool has the other hosting model.',
    'Give it a pool of its own.',
  ),
  entry(
    [500, 35],
    ['Misconfigured'],
    'A pool runs one in-process application',
    'An application before this one in the pool is hosted in-process already.',
    'Give it a pool of its own.',
  ),
  entry(
    [500, 37],
    ['StartFailed'],
    'The application failed to start within the startup time limit',
    'In-process: it did not listen in time.',
    'See its last output for what it waits for, or raise `startupTimeLimit`.',
  ),
  entry(
    [502, 5],
    ['StartFailed'],
    'The application process could not be started',
    'Out-of-process: the process failed to start, started and ended, or did not listen on the port it was given.',
    readLog,
  ),
  entry(
    [502, 5],
    ['RapidFail'],
    'The application process failed too often within a minute',
    'Out-of-process: more failures than `rapidFailsPerMinute`.',
    'Repair it; it is tried again by itself when a minute has fewer failures.',
  ),
];

const workers: readonly StatusEntry[] = [
  entry(
    [502, 3],
    ['UpstreamRefused'],
    'The application did not take the connection',
    'Its process runs, or did a moment ago, and refused connections.',
    'Look for `worker-crashed` in the server log.',
  ),
  entry(
    [502, 3],
    ['UpstreamLost', 'UpstreamReset'],
    'The application ended before it answered',
    'Its process crashed or was killed (UpstreamLost), or it broke off this request (UpstreamReset); a retry was not allowed or failed too.',
    'The obituary in the pool view has exit code, last output and the requests in flight.',
  ),
  entry(
    [502, 3],
    ['SuspectRequest'],
    'This request was in flight at two crashes',
    'The same request line was under way when workers of the pool crashed twice; it is not tried again.',
    'Find out why that request ends the process; any answer to it clears the suspicion.',
  ),
  entry(
    [502, 3],
    [],
    'The application’s answer broke the rules of HTTP',
    'Reasons beginning with Answer name the rule of RFC 9112.',
    'Repair the application: its answer could have been taken for two.',
  ),
  entry(
    [503, 0],
    ['QueueFull'],
    'The request queue is full',
    'More requests wait for a worker of the pool than `queueLength` allows.',
    'More or quicker workers (`maxProcesses`), or a longer queue.',
  ),
  entry(
    [503, 0],
    ['AppPoolTimer'],
    'No worker was free in time',
    'The request waited longer than `limits.connectionTimeout` of its site.',
    'More or quicker workers; a start that takes long is visible in the pool view.',
  ),
  entry(
    [503, 0],
    ['AppOffline'],
    'The application pool was stopped after too many failures',
    'Rapid-fail protection: `failure.rapidFailProtectionMaxCrashes` within the interval.',
    'Repair the application; the pool is probed after `failure.rapidFailProbe`, or started by hand.',
  ),
  entry(
    [503, 0],
    ['ApplicationOffline'],
    'The application is offline',
    'An administrator took it offline.',
    'Put it online: `POST /api/v1/applications/ID/online`.',
  ),
  entry([503, 0], ['Disabled'], 'The application pool is stopped', 'An administrator stopped it.', 'Start the pool.'),
  entry(
    [503, 0],
    ['AppShutdown'],
    'The application is shutting down',
    'The server is stopping, or the application left the configuration.',
    'Nothing, if that was meant.',
  ),
  entry(
    [503, 0],
    ['ConnLimit'],
    'The site has too many connections',
    '`limits.maxConnections` or `limits.maxConnectionsPerAddress` of the site is reached.',
    'Raise the limit, or find out who holds the connections.',
  ),
  entry(
    [429, 0],
    ['RequestRate', 'RequestRatePerAddress'],
    'Too many requests in a short time',
    '`limits.maxRequestsPerSecond` of the site, or `limits.maxRequestsPerSecondPerAddress` for this client, is used up.',
    'The answer says in RateLimit and Retry-After when there is room again; raise the limit or its burst.',
  ),
  entry(
    [503, 0],
    ['ListenerMemory'],
    'The listener holds as much memory as it may',
    'Many slow clients or workers hold up answers; new requests are refused until some are through.',
    'Limit connections per address, or give the sites faster workers.',
  ),
  entry(
    [504, 0],
    ['UpstreamTimeout'],
    'The application did not answer in time',
    'No progress within `requestTimeout`.',
    'Raise it if the application needs longer.',
  ),
];

const requests: readonly StatusEntry[] = [
  entry(
    [400, 0],
    [],
    'The request cannot be read',
    'The reason names the rule of RFC 9112 that it breaks.',
    'Repair the client, or the proxy before Sluice.',
  ),
  entry(
    [307, 0],
    ['HttpsRedirect'],
    'The request came over http',
    '`hsts.redirectHttpToHttps` of the site sends it to https.',
    '',
  ),
  entry(
    [403, 7],
    ['ClientCertificate'],
    'A client certificate is required',
    '`clientCertificates.mode` of the site is require, and the client showed none.',
    'Give the client a certificate of one of the authorities in `authoritiesFile`.',
  ),
  entry(
    [403, 16],
    ['ClientCertificate'],
    'The client certificate is not trusted',
    'None of the authorities in `authoritiesFile` of the site vouches for it, or it is not valid now.',
    'Use a certificate of one of these authorities.',
  ),
  entry(
    [421, 0],
    ['ServerName'],
    'This connection is not for this host',
    'The name in the TLS handshake was another one, and certificate or client-certificate policy differ.',
    'Clients open a new connection for the host.',
  ),
  entry([404, 0], ['Hostname'], 'No site has this host', 'No binding fits address, port and host.', 'Add a binding.'),
  entry(
    [404, 0],
    ['NotFound'],
    'No application has this path',
    'The site has no application at it.',
    'Add an application with path /.',
  ),
  entry([405, 0], ['Connect'], 'CONNECT is not served', 'Sluice is no forward proxy.', ''),
  entry(
    [408, 0],
    [],
    'The request did not come in time',
    'Head slower than `webLimits.headerWaitTimeout`, or body slower than `webLimits.minBytesPerSecond`.',
    'Raise the limits if your clients are that slow.',
  ),
  entry([411, 0], ['LengthRequired'], 'The length of the body is missing', 'Content-Length is needed here.', ''),
  entry(
    [413, 1],
    [],
    'The request body is too large',
    'Larger than `maxAllowedContentLength` (30,000,000 bytes). IIS 7 and 8 say 404.13.',
    'Raise it for the application or site.',
  ),
  entry([414, 0], [], 'The request line is too long', 'More than 8,192 bytes.', 'Send the data in the body.'),
  entry([417, 0], [], 'The expectation is unknown', '`Expect` is not 100-continue.', ''),
  entry(
    [431, 0],
    [],
    'The request head is too large',
    'More than 32,768 bytes or 100 fields. IIS 7 and 8 say 404.10.',
    'Fewer or smaller cookies.',
  ),
  entry([501, 0], [], 'Not implemented', 'Unknown method or transfer coding.', ''),
  entry([505, 0], [], 'This version of HTTP is not served', 'Neither 1.1 nor 1.0.', ''),
];

/** In the order of the reference page. */
export const statusGroups: readonly { readonly title: string; readonly entries: readonly StatusEntry[] }[] = [
  { title: 'An application that cannot be had', entries: applications },
  { title: 'A worker or its queue', entries: workers },
  { title: 'A request that no application sees', entries: requests },
];

/** The entry that fits best; null for a status that is not in the table. */
export function statusEntry(status: number, subStatus: number, reason: string): StatusEntry | null {
  const all = statusGroups.flatMap(({ entries }) => entries);
  const same = all.filter((one) => one.status === status && one.subStatus === subStatus);
  return same.find((one) => one.reasons.includes(reason)) ?? same.find((one) => one.reasons.length === 0) ?? null;
}

/** All that a visitor reads beside the status, whatever happened inside. */
export function neutralSentence(status: number): string {
  if (status === 404) return 'There is nothing at this address.';
  if (status === 503 || status === 504) return 'The service is not available at the moment.';
  return status < 500 ? 'The request could not be accepted.' : 'The request could not be answered.';
}
