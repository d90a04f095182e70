/** Failed-request tracing of sites (IIS: traceFailedRequests), and distributed tracing. */
import { z } from 'zod';
import { statusCodesPattern, statusRanges } from '../base/trace-codes.js';
import { setting } from './annotations.js';
import { text, timeSpan, uint } from './values.js';

const statusCodes = text(1_000)
  .regex(statusCodesPattern, { error: 'statuses and ranges with commas between, such as 500-599, 404, 503.2' })
  .refine((written) => !statusCodesPattern.test(written) || statusRanges(written) !== null, {
    error: 'a range ends before it begins',
  });

const traceRule = z
  .strictObject({
    path: setting(text(1_024).min(1).prefault('*'), {
      description: 'Requests whose path this is; * stands for any characters, capitals count as small letters.',
      reload: 'live',
    }),
    statusCodes: setting(statusCodes.optional(), {
      description: 'Statuses to trace, as IIS writes them: 500-599, 404, 503.2, 400-403.5.',
      reload: 'live',
    }),
    timeTaken: setting(timeSpan({ min: 1_000 }).optional(), {
      description: 'Requests that take at least this long are traced, whatever their status.',
      unit: 'hh:mm:ss',
      reload: 'live',
    }),
  })
  .refine((rule) => rule.statusCodes !== undefined || rule.timeTaken !== undefined, {
    error: 'a rule needs statusCodes or timeTaken',
  });

export const traceFailedRequests = setting(z.array(traceRule).max(100).optional(), {
  description: 'Rules of failed-request tracing: requests that meet one leave a file that tells their whole life.',
  reload: 'live',
});

export const traceFailedRequestsLogging = z.strictObject({
  enabled: setting(z.boolean().prefault(true), {
    description: 'false: no rule acts, those in web.config files of the site’s applications neither.',
    reload: 'live',
  }),
  maxLogFiles: setting(uint(1, 10_000).prefault(50), {
    description: 'Traces kept; the oldest goes.',
    unit: 'files',
    reload: 'live',
  }),
  maxLogFileSizeKB: setting(uint(4, 10_240).prefault(512), {
    description: 'A longer trace is written without the fields of request and answer.',
    unit: 'KB',
    reload: 'live',
  }),
});

/** Where clouds hand out the rights of the machine to whoever asks from it. Other spellings become these in a URL. */
const metadataHosts = ['169.254.169.254', '169.254.170.2', '[fd00:ec2::254]', '[::ffff:a9fe:a9fe]'];

const endpoint = () =>
  text(2_048)
    .regex(/^https?:\/\/[^\s]+$/, { error: 'an http or https address' })
    .refine((address) => URL.canParse(address), { error: 'an http or https address' })
    .refine((address) => !URL.canParse(address) || !metadataHosts.includes(new URL(address).hostname), {
      error: 'this is the metadata service of a cloud, not a collector',
    })
    // Whoever may look at the configuration sees the address.
    .refine((address) => !URL.canParse(address) || !hasCredentials(new URL(address)), {
      error: 'an address without a name and password: these go into otlp.headers, as Authorization',
    });

function hasCredentials({ username, password }: URL): boolean {
  return username !== '' || password !== '';
}

const otlp = z.strictObject({
  endpoint: setting(endpoint(), {
    description: 'Collector that spans are sent to (OTLP/HTTP with JSON): http://127.0.0.1:4318; /v1/traces is added.',
    reload: 'live',
  }),
  headers: setting(z.record(text(256).min(1), z.string().max(8_192)).prefault({}), {
    description: 'Further fields of each export, such as Authorization.',
    reload: 'live',
    secret: true,
  }),
});

export const telemetry = z.strictObject({
  traceContext: setting(z.enum(['pass', 'create']).prefault('pass'), {
    description:
      'pass: traceparent and tracestate travel as they are. create: Sluice takes part (W3C Trace Context): a request without a valid one gets a new trace, and the worker sees Sluice’s span as its parent.',
    reload: 'live',
  }),
  serviceName: setting(text(256).min(1).prefault('sluice'), { description: 'service.name of spans.', reload: 'live' }),
  samplingRatio: setting(z.number().min(0).max(1).prefault(1), {
    description: 'Share of the traces begun here that are sampled; of others their own flag decides.',
    reload: 'live',
  }),
  otlp: setting(otlp.optional(), {
    description:
      'Where the spans of requests are sent. Sluice then takes part in the traces of clients also with traceContext: pass.',
    reload: 'live',
  }),
});
