/** A configuration of many sites, one file and one application folder each, as a hoster has them. */
import { cpSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { app } from './paths.js';

export class ManySites {
  readonly folder: string;
  readonly #port: number;

  constructor(folder: string, port: number) {
    this.folder = folder;
    this.#port = port;
    mkdirSync(join(folder, 'sites.d'), { recursive: true });
    mkdirSync(join(folder, 'apps'), { recursive: true });
  }

  /** For `include`. */
  get pattern(): string {
    return join(this.folder, 'sites.d', '*.yaml');
  }

  host(number: number): string {
    return `site${number}.test`;
  }

  /** Sites without a single one that runs anything yet; folders have what a small app has. */
  add(from: number, to: number): void {
    for (let number = from; number < to; number++) {
      const folder = join(this.folder, 'apps', String(number));
      mkdirSync(folder, { recursive: true });
      cpSync(join(app('plain'), 'index.js'), join(folder, 'index.js'));
      writeFileSync(this.#file(number), this.#text(number, 0));
    }
  }

  /** A new file renamed into place: from now on answers of the site tell of this limit. */
  change(number: number, requestBurst: number): void {
    const next = `${this.#file(number)}.new`;
    writeFileSync(next, this.#text(number, requestBurst));
    renameSync(next, this.#file(number));
  }

  #file(number: number): string {
    return join(this.folder, 'sites.d', `site${number}.yaml`);
  }

  #text(number: number, requestBurst: number): string {
    const limits = `    limits: { maxRequestsPerSecond: 1000000, requestBurst: ${requestBurst} }`;
    return [
      'applicationPools:',
      `  - { name: pool${number}, processModel: { maxProcesses: 1 } }`,
      'sites:',
      `  - name: site${number}`,
      `    bindings: [{ protocol: http, bindingInformation: "*:${this.#port}:${this.host(number)}" }]`,
      ...(requestBurst === 0 ? [] : [limits]),
      '    applications:',
      `      - { path: /, applicationPool: pool${number}, physicalPath: ../apps/${number}, hosting: { hostingModel: InProcess } }`,
      '',
    ].join('\n');
  }
}
