/** `sites`, `siteDefaults`, `applicationDefaults`: bindings, limits and applications. */
import { z } from 'zod';
import { layer, setting } from './annotations.js';
import { hostingSettings } from './hosting.js';
import { logFile } from './logs.js';
import { poolName } from './pool.js';
import { traceFailedRequests, traceFailedRequestsLogging } from './tracing.js';
import { hasControls, text, timeSpan, uint } from './values.js';

const requestLimits = z.strictObject({
  maxAllowedContentLength: setting(uint().optional(), {
    description:
      'Largest request body; beyond it 413.1. Order: application, its web.config, site, defaults. Default 30000000.',
    unit: 'bytes',
    reload: 'live',
    default: 30_000_000,
  }),
});

const security = z.strictObject({
  requestFiltering: setting(
    z
      .strictObject({
        requestLimits: setting(requestLimits.prefault({}), { description: 'Limits of a request.', reload: 'live' }),
      })
      .prefault({}),
    { description: 'Request filtering.', reload: 'live' },
  ),
});

export const securitySetting = setting(security.prefault({}), { description: 'Request filtering.', reload: 'live' });

export const applicationDefaults = z.strictObject({
  applicationPool: setting(poolName.optional(), {
    description: 'Pool of applications that name none. Without it: DefaultAppPool, which need not be declared.',
    reload: 'recycle',
  }),
  enabledProtocols: setting(z.string().prefault('http'), {
    description: 'IIS only.',
    reload: 'live',
    acts: 'not-here',
  }),
  preloadEnabled: setting(z.boolean().prefault(false), {
    description:
      'Every new worker answers a request of Sluice’s own (User-Agent Sluice-WarmUp) before it gets any of a client, after recycles ' +
      'too. Its status is logged and decides nothing; a worker that has not answered when startupTimeLimit is over gets requests all ' +
      'the same. With startMode AlwaysRunning clients never meet a cold worker.',
    reload: 'live',
  }),
  preloadPath: setting(
    text(2_048)
      .regex(/^\/[!-~]*$/, { error: 'write a path that begins with / and is percent-encoded' })
      .prefault('/'),
    {
      description: 'What that request asks for, below the path of the application.',
      reload: 'live',
    },
  ),
  serviceAutoStartEnabled: setting(z.boolean().prefault(false), {
    description: 'IIS only.',
    reload: 'live',
    acts: 'not-here',
  }),
  serviceAutoStartProvider: setting(z.string().prefault(''), {
    description: 'IIS only.',
    reload: 'live',
    acts: 'not-here',
  }),
  security: securitySetting,
});

const application = z.strictObject({
  path: setting(text(2_048).min(1), {
    description: '/ or /sub: the longest path that matches whole segments of the request’s path serves it.',
    reload: 'recycle',
  }),
  physicalPath: setting(text().min(1), {
    description: 'The application’s folder, relative to this file.',
    reload: 'recycle',
  }),
  ...layer(applicationDefaults).shape,
  hosting: setting(layer(hostingSettings).optional(), {
    description: 'How the application runs; overrides its web.config attribute by attribute.',
    reload: 'recycle',
  }),
});

const certificateFiles = z.strictObject({
  certFile: setting(text().min(1).optional(), {
    description: 'PEM file: the certificate, then those of its issuers. Relative to this file.',
    reload: 'live',
  }),
  keyFile: setting(text().min(1).optional(), {
    description: 'PEM file of the private key. Without it the key is looked for in certFile.',
    reload: 'live',
  }),
  pfxFile: setting(text().min(1).optional(), {
    description: 'PKCS #12 file (.pfx, .p12) instead of certFile and keyFile.',
    reload: 'live',
  }),
  password: setting(z.string().max(1_024).optional(), {
    description: 'Password of the key or the PKCS #12 file.',
    reload: 'live',
    secret: true,
  }),
});

const certificate = z.union([z.literal('development'), z.literal('acme'), certificateFiles], {
  error: 'write { certFile, keyFile }, { pfxFile, password }, acme or development',
});

const binding = z.strictObject({
  protocol: setting(z.enum(['http', 'https']).prefault('http'), {
    description: 'http or https. All bindings of one address and port have the same.',
    reload: 'live',
  }),
  bindingInformation: setting(text(400), {
    description: 'IP:port:host as in IIS: `*:80:`, `*:80:shop.example`, `[::1]:8080:`, `*:80:*.example`.',
    reload: 'live',
  }),
  proxyProtocol: setting(z.array(text(64).min(1)).max(1_000).prefault([]), {
    description:
      'Addresses or CIDR blocks of load balancers that begin every connection with a PROXY header (version 1 or 2). The same for all bindings of a port.',
    reload: 'live',
  }),
  http2: setting(z.boolean().optional(), {
    description:
      'HTTP/2. https: offered to clients (ALPN); true unless sslFlags says no. http: with prior knowledge (h2c), as gRPC clients and load balancers speak it, beside HTTP/1.1; false, and one such binding is enough for all of its port.',
    reload: 'live',
  }),
  sslFlags: setting(uint(0, 127).prefault(0), {
    description:
      'IIS’s bits: 2 = certificate from certificateStore, 4 = no HTTP/2, 32 = no TLS 1.3. The others change nothing: names are always told apart (SNI), and nothing older than TLS 1.2 is spoken.',
    reload: 'live',
  }),
  certificate: setting(certificate.optional(), {
    description:
      'Certificate of an https binding: { certFile, keyFile } in PEM form (keyFile only if the key is not in certFile), { pfxFile } for PKCS #12, each with a password where there is one; acme: obtained and renewed by Sluice, one for each host (see acme); or development: made by Sluice, for loopback addresses. Paths are relative to this file. Without it: the site’s, then certificateStore, then, on a loopback address, development.',
    reload: 'live',
  }),
});

const clientCertificates = z.strictObject({
  mode: setting(z.enum(['off', 'accept', 'require']).prefault('off'), {
    description:
      'Whether clients are asked for a certificate. accept: they may come without one. require: without one 403.7. One that no authority of authoritiesFile vouches for is 403.16.',
    reload: 'live',
  }),
  authoritiesFile: setting(text().min(1).optional(), {
    description: 'PEM file with the certificates of the authorities that clients’ certificates come from.',
    reload: 'live',
  }),
});

const limits = z.strictObject({
  connectionTimeout: setting(timeSpan({ min: 1_000 }).prefault('00:02:00'), {
    description: 'Idle keep-alive connection, pause between body packets, and wait in the pool’s queue.',
    unit: 'hh:mm:ss',
    reload: 'live',
  }),
  maxConnections: setting(uint(1).prefault(4_294_967_295), {
    description: 'Connections of the site, over all listeners; beyond it 503 ConnLimit.',
    unit: 'connections',
    reload: 'live',
  }),
  maxConnectionsPerAddress: setting(uint().prefault(0), {
    description:
      'Connections per client address (IPv6: /64); of a trusted proxy’s clients the requests under way. 0 = no limit.',
    unit: 'connections',
    reload: 'live',
  }),
  maxRequestsPerSecond: setting(uint(0, 1_000_000).prefault(0), {
    description: 'Requests of the site; beyond it 429 with RateLimit and Retry-After. 0 = no limit.',
    unit: 'requests/s',
    reload: 'live',
  }),
  requestBurst: setting(uint(0, 10_000_000).prefault(0), {
    description: 'Requests of the site that may come at once after a pause. 0 = those of one second.',
    unit: 'requests',
    reload: 'live',
  }),
  maxRequestsPerSecondPerAddress: setting(uint(0, 1_000_000).prefault(0), {
    description:
      'Requests per client address (IPv6: per /64); beyond it 429 with RateLimit and Retry-After. 0 = no limit.',
    unit: 'requests/s',
    reload: 'live',
  }),
  requestBurstPerAddress: setting(uint(0, 10_000_000).prefault(0), {
    description: 'Requests per client address that may come at once after a pause. 0 = those of one second.',
    unit: 'requests',
    reload: 'live',
  }),
  maxBandwidth: setting(uint(1_024).prefault(4_294_967_295), {
    description: 'Bytes of answers per second of the whole site. 4294967295 = no limit.',
    unit: 'bytes/s',
    reload: 'live',
  }),
  maxBandwidthPerAddress: setting(uint(1_024).prefault(4_294_967_295), {
    description: 'Bytes of answers per second per client address (IPv6: per /64). 4294967295 = no limit.',
    unit: 'bytes/s',
    reload: 'live',
  }),
  maxUrlSegments: setting(uint(0, 16_383).prefault(32), {
    description: 'Segments of a request’s path.',
    reload: 'live',
    acts: 'not-yet',
  }),
});

const hsts = z.strictObject({
  enabled: setting(z.boolean().prefault(false), {
    description: 'Send Strict-Transport-Security with every answer over https, unless the application sends its own.',
    reload: 'live',
  }),
  'max-age': setting(uint().prefault(0), { description: 'Its max-age.', unit: 'seconds', reload: 'live' }),
  includeSubDomains: setting(z.boolean().prefault(false), { description: 'Subdomains too.', reload: 'live' }),
  preload: setting(z.boolean().prefault(false), { description: 'Allow browsers’ preload lists.', reload: 'live' }),
  redirectHttpToHttps: setting(z.boolean().prefault(false), {
    description:
      'Answer requests over http with 307 to the same address over https, at the port of the site’s https binding. Acts with hsts.enabled only, as in IIS.',
    reload: 'live',
  }),
});

/** What `siteDefaults` may set as well. */
export const siteSettings = z.strictObject({
  serverAutoStart: setting(z.boolean().prefault(true), {
    description: 'Start the site with Sluice.',
    reload: 'live',
    acts: 'not-yet',
  }),
  limits: setting(limits.prefault({}), { description: 'Connection limits.', reload: 'live' }),
  hsts: setting(hsts.prefault({}), { description: 'HTTP Strict Transport Security (RFC 6797).', reload: 'live' }),
  certificate: setting(certificate.optional(), {
    description: 'Certificate of the site’s https bindings that name none, written like theirs.',
    reload: 'live',
  }),
  clientCertificates: setting(clientCertificates.prefault({}), {
    description: 'Certificates of clients, on the site’s https bindings.',
    reload: 'live',
  }),
  traceFailedRequests,
  traceFailedRequestsLogging: setting(traceFailedRequestsLogging.prefault({}), {
    description: 'Files of failed-request tracing.',
    reload: 'live',
  }),
  logFile: setting(logFile.optional(), {
    description:
      'A log of its own for the requests of the site, as in IIS. Absent: they are in the access log of the server.',
    reload: 'live',
  }),
  security: securitySetting,
});

const siteNameBad = /[/\\?;:@&=+$,|"<>]/;

export const site = z.strictObject({
  name: setting(
    z
      .string()
      .min(1)
      .max(64)
      .refine((name) => !siteNameBad.test(name) && !hasControls(name) && name.trim() === name, {
        error: 'a site name has none of / \\ ? ; : @ & = + $ , | " < > and no outer spaces',
      }),
    { description: 'Unique name.', reload: 'recycle' },
  ),
  id: setting(uint(1).optional(), {
    description:
      'IIS site id. Default: counted from 1; in an included file made from the name, so that other files do not change it.',
    reload: 'recycle',
  }),
  bindings: setting(z.array(binding).min(1).max(1_000), { description: 'Where the site listens.', reload: 'live' }),
  ...layer(siteSettings).shape,
  applicationDefaults: setting(layer(applicationDefaults).optional(), {
    description: 'Defaults of this site’s applications.',
    reload: 'recycle',
  }),
  applications: setting(z.array(application).min(1).max(10_000), {
    description: 'The applications of the site.',
    reload: 'recycle',
  }),
});
