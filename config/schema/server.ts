/** Server-wide settings. */
import { z } from 'zod';
import { admin } from './admin.js';
import { metricSeriesMaxDefault, publishedSeriesDefault } from '../base/metrics-limits.js';
import { setting } from './annotations.js';
import { accessLog, logBudget } from './logs.js';
import { telemetry } from './tracing.js';
import { size, text, timeSpan, uint } from './values.js';

const webLimits = z.strictObject({
  headerWaitTimeout: setting(timeSpan({ min: 1_000 }).prefault('00:00:30'), {
    description: 'Time from the first byte of a request to the end of its header.',
    unit: 'hh:mm:ss',
    reload: 'live',
  }),
  minBytesPerSecond: setting(uint().prefault(240), {
    description: 'A client that takes pending bytes slower than this is disconnected. 0 = off.',
    unit: 'bytes/s',
    reload: 'live',
  }),
  maxHandshakesPerSecond: setting(uint().prefault(1_000), {
    description:
      'TLS handshakes begun in a second, over all listeners; further ones wait a moment, and are closed when too many wait. 0 = no limit.',
    unit: 'handshakes/s',
    reload: 'live',
  }),
  maxConnectionsPerAddress: setting(uint().prefault(0), {
    description:
      'Connections per client address on all sites, from accept on: handshakes and unfinished heads count. Further ones are closed without an answer. Trusted proxies have no limit. 0 = no limit.',
    unit: 'connections',
    reload: 'live',
  }),
  connectionTimeout: setting(timeSpan().prefault('00:02:00'), {
    description: 'IIS’s server-wide value; set `limits.connectionTimeout` of a site or of siteDefaults.',
    unit: 'hh:mm:ss',
    reload: 'live',
    acts: 'not-yet',
  }),
  demandStartThreshold: setting(uint().prefault(2_147_483_647), {
    description: 'Workers of the whole server.',
    reload: 'live',
    acts: 'not-yet',
  }),
  dynamicIdleThreshold: setting(uint(0, 10_000).prefault(0), {
    description: 'Share of the memory above which idle time-outs shrink.',
    unit: '%',
    reload: 'live',
    acts: 'not-yet',
  }),
  dynamicRegistrationThreshold: setting(uint().prefault(100), {
    description: 'IIS only.',
    reload: 'live',
    acts: 'not-here',
  }),
  maxGlobalBandwidth: setting(uint().prefault(4_294_967_295), {
    description: 'Bytes per second of the whole server.',
    unit: 'bytes/s',
    reload: 'live',
    acts: 'not-yet',
  }),
});

const certificateStore = z.strictObject({
  path: setting(text().min(1), {
    description:
      'Folder. For shop.example: shop.example.pfx, shop.example.pem (with shop.example.key, or with the key inside) or shop.example/fullchain.pem and privkey.pem; for any name below example: _.example.…, else every certificate in the folder that has the name.',
    reload: 'live',
  }),
  password: setting(z.string().max(1_024).optional(), {
    description: 'Password of the keys and PKCS #12 files in it.',
    reload: 'live',
    secret: true,
  }),
});

const acme = z.strictObject({
  termsOfServiceAgreed: setting(z.literal(true), {
    description: 'true: you agree to the terms of service of the authority. Nothing is asked of it otherwise.',
    reload: 'live',
  }),
  email: setting(
    text(254)
      .regex(/^[^@\s<>,;:"]+@[^@\s<>,;:"]+$/, { error: 'not an e-mail address' })
      .optional(),
    {
      description: 'Where the authority writes to when something is wrong with a certificate.',
      reload: 'live',
    },
  ),
  directory: setting(z.union([z.enum(['production', 'staging']), z.string().max(1_024)]).prefault('production'), {
    description:
      'The authority (RFC 8555): production and staging are those of Let’s Encrypt, else the https address of a directory.',
    reload: 'live',
  }),
  rehearsal: setting(z.union([z.enum(['staging', 'none']), z.string().max(1_024)]).optional(), {
    description:
      'Directory that the first order of a name, and the first after a failure, is tried with: staging, none or an https address. Default: staging where directory is production, else none.',
    reload: 'live',
  }),
  challenge: setting(z.enum(['auto', 'http-01', 'tls-alpn-01']).prefault('auto'), {
    description:
      'How the authority is shown that a name leads here: http-01 (it asks port 80), tls-alpn-01 (port 443, RFC 8737), auto: http-01 where there is an http binding, and the other one after a failure.',
    reload: 'live',
  }),
  onDemandHosts: setting(z.array(text(260).min(1)).max(10_000).prefault([]), {
    description:
      'Names that bindings without a whole host name (`*:443:`, `*:443:*.shop.example`) may get a certificate for when a client asks for the first time: shop.example, or *.shop.example for one label before it.',
    reload: 'live',
  }),
  authoritiesFile: setting(text().min(1).optional(), {
    description: 'PEM file of who vouches for the directory’s own certificate, for an authority in your own network.',
    reload: 'live',
  }),
});

const metrics = z.strictObject({
  compatibility: setting(z.enum(['none', 'windows_exporter']).prefault('none'), {
    description:
      'windows_exporter: beside its own names /metrics has those of windows_exporter’s IIS collector (windows_iis_*), for dashboards that were made for IIS.',
    reload: 'live',
  }),
  statusCodes: setting(z.enum(['class', 'exact']).prefault('class'), {
    description:
      'exact: requests are also counted by whole status codes, in sluice_http_requests_by_status_total. The label code of the other metrics stays the class (5xx), which rules and dashboards ask for.',
    reload: 'live',
  }),
  seriesMax: setting(uint(1_000, 10_000_000).prefault(metricSeriesMaxDefault), {
    description:
      'Lines with a value that /metrics may have for sites, pools and workers; what does not fit is dropped and counted.',
    unit: 'lines',
    reload: 'live',
  }),
  publishedSeries: setting(uint(0, 100_000).prefault(publishedSeriesDefault), {
    description:
      'Series that the in-process applications of one pool may publish by publishMetrics of @sluice/integration. 0 = none.',
    unit: 'series',
    reload: 'live',
  }),
});

const identityRange = z.strictObject({
  first: setting(uint(1_000, 4_294_967_000).prefault(50_000), { description: 'First user id.', reload: 'restart' }),
  last: setting(uint(1_000, 4_294_967_000).prefault(59_999), { description: 'Last user id.', reload: 'restart' }),
});

export const serverSettings = {
  admin: setting(admin.prefault({}), { description: 'Admin API, health and metrics.', reload: 'restart' }),
  listeners: setting(uint(1, 64).optional(), {
    description: 'Listener processes. Default: the number of cores, at most 4.',
    unit: 'processes',
    reload: 'restart',
  }),
  accessLog: setting(accessLog.prefault({}), {
    description: 'The access log of all sites that have no `logFile` of their own.',
    reload: 'live',
  }),
  logBudget,
  telemetry: setting(telemetry.prefault({}), { description: 'Distributed tracing.', reload: 'live' }),
  metrics: setting(metrics.prefault({}), { description: 'What /metrics tells.', reload: 'live' }),
  webLimits: setting(webLimits.prefault({}), { description: 'Limits of every connection.', reload: 'live' }),
  certificateStore: setting(certificateStore.optional(), {
    description: 'Certificates of https bindings that name none, found by host name (IIS: centralized certificates).',
    reload: 'live',
  }),
  acme: setting(acme.optional(), {
    description: 'Certificates from an authority, for bindings with certificate: acme (RFC 8555).',
    reload: 'live',
  }),
  identityRange: setting(identityRange.prefault({}), {
    description: 'User ids that pools and listeners get when started as root.',
    reload: 'restart',
  }),
  trustedProxies: setting(z.array(text(64).min(1)).max(1_000).prefault([]), {
    description: 'Addresses or CIDR blocks whose X-Forwarded-For and X-Forwarded-Proto are believed.',
    reload: 'live',
  }),
  underscoresInHeaders: setting(z.enum(['pass', 'delete', 'reject']).prefault('pass'), {
    description: 'What happens to request fields with an underscore or dot in the name.',
    reload: 'live',
  }),
  runDir: setting(text().min(1).optional(), {
    description:
      'Folder of sockets. Default: /run/sluice for a file below /etc/sluice as root, else one below the temporary folder.',
    reload: 'restart',
  }),
  stateDir: setting(text().min(1).optional(), {
    description: 'Folder of what outlives a restart. Default: /var/lib/sluice, or below ~/.local/state/sluice.',
    reload: 'restart',
  }),
  logDir: setting(text().min(1).optional(), {
    description: 'Folder of the logs. Default: /var/log/sluice, or below ~/.local/state/sluice.',
    reload: 'restart',
  }),
  watch: setting(z.boolean().prefault(true), {
    description:
      'Apply changes of this file and of the files it includes when they are saved. web.config files always act when they are saved.',
    reload: 'live',
  }),
  shutdownTimeLimit: setting(timeSpan({ min: 1_000 }).prefault('00:00:30'), {
    description: 'Time that running requests get when Sluice stops.',
    unit: 'hh:mm:ss',
    reload: 'live',
  }),
  drainDelay: setting(timeSpan().prefault('00:00:00'), {
    description: 'Time between "not ready" and the end of accepting when Sluice stops.',
    unit: 'hh:mm:ss',
    reload: 'live',
  }),
  startConcurrency: setting(uint(0, 1_024).prefault(0), {
    description: 'Workers that start at the same time on this machine. 0 = one per core.',
    reload: 'live',
  }),
  memoryBudget: setting(size().optional(), {
    description:
      'Private memory that the workers of all pools together may use. Above it the idle pools are stopped, the one that was used least recently first; ' +
      'AlwaysRunning pools and workers with requests are left alone. Default: no limit.',
    unit: 'bytes',
    reload: 'live',
  }),
} as const;
