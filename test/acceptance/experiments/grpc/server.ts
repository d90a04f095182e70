/** gRPC servers behind `hosting.protocol: h2c`: real `@grpc/grpc-js`, and Kestrel speaking the wire format by hand. */
import { join } from 'node:path';
import { published } from '../../../support/aspnetcore/published.js';
import { freePort } from '../../../support/free-port.js';
import { GrpcClient } from '../../../support/grpc-client.js';
import { outOfProcess } from '../../../support/hosting.js';
import { reasonToSkip } from '../../../support/missing.js';
import { appsWithPackages } from '../../../support/more-frameworks.js';
import { type Settings, type Sluice, type SluiceOptions, startSluice } from '../../../support/sluice.js';
import { removeFolder, tempFolder } from '../../../support/temp-folder.js';
import { TestAuthority } from '../../../support/test-certificates.js';

export type Backend = 'grpc-js' | 'kestrel';

export const backends: readonly Backend[] = reasonToSkip(['dotnet']) === null ? ['grpc-js', 'kestrel'] : ['grpc-js'];

/** To one backend: over TLS, and without. */
export interface Channels {
  readonly secure: GrpcClient;
  readonly clear: GrpcClient;
}

/** A server with both backends, each a site of its own with a binding over TLS and one without. */
export class GrpcWorld {
  readonly sluice: Sluice;
  readonly #authority: TestAuthority;
  readonly #tlsPort: number;
  readonly #folders: readonly string[];
  readonly #channels = new Map<Backend, Channels>();

  private constructor(sluice: Sluice, authority: TestAuthority, tlsPort: number, folders: readonly string[]) {
    this.sluice = sluice;
    this.#authority = authority;
    this.#tlsPort = tlsPort;
    this.#folders = folders;
  }

  static async start(): Promise<GrpcWorld> {
    const folder = tempFolder('grpc');
    const apps = appsWithPackages();
    const authority = new TestAuthority(join(folder, 'ca'));
    const { certFile, keyFile } = authority.issue({ names: backends.map(hostOf) });
    const applications = await Promise.all(backends.map((one) => applicationOf(one, apps)));
    let tlsPort = 0;
    const options: SluiceOptions = {
      listeners: 1,
      applicationPools: backends.map((name) => ({ name })),
      sites: async (port) => {
        tlsPort = await freePort();
        return backends.map((name, index) => ({
          name,
          bindings: [
            { protocol: 'http', bindingInformation: `*:${port}:${hostOf(name)}`, http2: true },
            {
              protocol: 'https',
              bindingInformation: `*:${tlsPort}:${hostOf(name)}`,
              certificate: { certFile, keyFile },
            },
          ],
          applications: [applications[index]],
        }));
      },
    };
    return new GrpcWorld(await startSluice(options), authority, tlsPort, [folder, apps]);
  }

  /** The same two for as long as the server runs. */
  channels(backend: Backend): Channels {
    const host = hostOf(backend);
    const made = this.#channels.get(backend) ?? {
      secure: new GrpcClient({ port: this.#tlsPort, host, authority: this.#authority.pem }),
      clear: new GrpcClient({ port: this.sluice.port, host, authority: null }),
    };
    this.#channels.set(backend, made);
    return made;
  }

  async stop(): Promise<void> {
    for (const { secure, clear } of this.#channels.values()) {
      secure.close();
      clear.close();
    }
    await this.sluice.stop();
    for (const folder of this.#folders) removeFolder(folder);
  }
}

function hostOf(backend: Backend): string {
  return `${backend}.test`;
}

async function applicationOf(backend: Backend, apps: string): Promise<Settings> {
  const application = { path: '/', applicationPool: backend };
  if (backend === 'grpc-js') {
    return { ...application, physicalPath: apps, ...outOfProcess('grpc/server.cjs', { protocol: 'h2c' }) };
  }
  return {
    ...application,
    physicalPath: await published('probe'),
    hosting: {
      processPath: 'dotnet',
      arguments: 'Probe.dll grpc',
      protocol: 'h2c',
      environmentVariables: { Kestrel__EndpointDefaults__Protocols: 'Http2' },
    },
  };
}
