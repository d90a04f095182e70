/** Sends spans to a collector (OTLP/HTTP, JSON): in batches, one at a time, and never waited for by a request. */
import { Agent, request as httpRequest } from 'node:http';
import { Agent as SecureAgent, request as httpsRequest } from 'node:https';
import { hostname } from 'node:os';
import type { Clock } from '../../../config/base/clock.js';
import { codeOf } from '../../../config/base/errors.js';
import {
  spanExportEndMs,
  spanExportLimitMs,
  spansPerExportMax,
  spansWaitingMax,
} from '../../../config/base/log-limits.js';
import type { OtlpConfig, TelemetryConfig } from '../../../config/model.js';
import type { ListenerToPrimary } from '../../../pools/protocol/listener-to-primary.js';
import { exportBody, type OtlpSpan } from './spans.js';

export interface SpanExporterOptions extends OtlpConfig {
  readonly telemetry: TelemetryConfig;
  readonly clock: Clock;
  readonly say: (message: ListenerToPrimary) => void;
}

export class SpanExporter {
  readonly #options: SpanExporterOptions;
  readonly #url: URL;
  readonly #agent: Agent;
  #waiting: OtlpSpan[] = [];
  #isBusy = false;
  #isFailing = false;
  #onIdle: (() => void)[] = [];
  /** Spans that no collector took, since the start. */
  dropped = 0;

  constructor(options: SpanExporterOptions) {
    this.#options = options;
    this.#url = new URL(options.endpoint);
    const agentOptions = { keepAlive: true, maxSockets: 1 };
    this.#agent = this.#url.protocol === 'https:' ? new SecureAgent(agentOptions) : new Agent(agentOptions);
  }

  add(span: OtlpSpan): void {
    if (this.#waiting.length >= spansWaitingMax) this.dropped += 1;
    else this.#waiting.push(span);
  }

  /** Called every second. */
  flush(): void {
    if (this.#isBusy || this.#waiting.length === 0) return;
    this.#isBusy = true;
    const batch = this.#waiting.splice(0, spansPerExportMax);
    const { telemetry } = this.#options;
    this.#post(exportBody(batch, telemetry.serviceName, hostname()), (problem) => {
      this.#isBusy = false;
      if (problem !== '') this.dropped += batch.length;
      this.#note(problem);
      // What is behind it goes at once; a collector that fails is asked again a second later.
      if (problem === '' && this.#waiting.length > 0) this.flush();
      if (!this.#isBusy) for (const run of this.#onIdle.splice(0)) run();
    });
  }

  /** Sends the rest, once. */
  end(done: () => void = () => undefined): void {
    this.flush();
    let isOver = false;
    const finish = (): void => {
      if (isOver) return;
      isOver = true;
      cancel();
      this.#agent.destroy();
      done();
    };
    const cancel = this.#options.clock.setTimer(spanExportEndMs, finish);
    if (this.#isBusy) this.#onIdle.push(finish);
    else finish();
  }

  #post(body: string, done: (problem: string) => void): void {
    let isDone = false;
    const once = (problem: string): void => {
      if (isDone) return;
      isDone = true;
      cancel();
      done(problem);
    };
    const headers = {
      ...this.#options.headers,
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
    };
    const send = this.#url.protocol === 'https:' ? httpsRequest : httpRequest;
    const asked = send(this.#url, { method: 'POST', agent: this.#agent, headers }, (answer) => {
      answer.resume();
      answer.once('error', (error) => once(codeOf(error) || 'broken'));
      answer.once('end', () => {
        const status = answer.statusCode ?? 0;
        once(status >= 200 && status < 300 ? '' : `status ${status}`);
      });
    });
    const cancel = this.#options.clock.setTimer(spanExportLimitMs, () => asked.destroy(new Error('timeout')));
    asked.once('error', (error) => once(codeOf(error) || error.message));
    asked.end(body);
  }

  #note(problem: string): void {
    if ((problem !== '') === this.#isFailing) return;
    this.#isFailing = problem !== '';
    const event = this.#isFailing ? 'spans-not-exported' : 'spans-exported-again';
    const fields = { endpoint: this.#url.origin, problem, dropped: this.dropped };
    this.#options.say({ type: 'log', level: this.#isFailing ? 'warn' : 'info', event, fields });
  }
}
