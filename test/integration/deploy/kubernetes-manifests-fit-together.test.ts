import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { loadConfig } from '../../../config/compile/compile.js';
import { call } from '../../support/http-client.js';
import { app, repository } from '../../support/paths.js';
import { type Sluice, startSluice } from '../../support/sluice.js';

const folder = join(repository, 'deploy', 'kubernetes');

interface Port {
  readonly name: string;
  readonly containerPort?: number;
  readonly targetPort?: string;
}
interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}
interface Container {
  readonly image: string;
  readonly ports: readonly Port[];
  readonly startupProbe: Probe;
  readonly livenessProbe: Probe;
  readonly readinessProbe: Probe;
  readonly lifecycle: { readonly preStop: { readonly exec: { readonly command: readonly string[] } } };
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
  readonly securityContext: unknown;
}
interface PodSpec {
  readonly serviceAccountName: string;
  readonly terminationGracePeriodSeconds: number;
  readonly containers: readonly [Container];
  readonly volumes: readonly { readonly name: string; readonly configMap?: { readonly name: string } }[];
  readonly securityContext: unknown;
}
type Labels = Readonly<Record<string, string>>;
interface Workload {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: Labels };
  readonly spec: {
    readonly selector: { readonly matchLabels: Labels };
    readonly template: { readonly metadata: { readonly labels: Labels }; readonly spec: PodSpec };
  };
}
interface Kustomization {
  readonly resources?: readonly string[];
  readonly patches?: readonly { readonly path: string }[];
  readonly images?: readonly { readonly name: string }[];
  readonly configMapGenerator?: readonly { readonly name: string; readonly files: readonly string[] }[];
}

function read<T>(...path: string[]): T {
  return parse(readFileSync(join(folder, ...path), 'utf8')) as T;
}

const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.yaml'));
const workloads: readonly Workload[] = [
  read<Workload>('base', 'deployment.yaml'),
  read<Workload>('overlays', 'daemonset', 'daemonset.yaml'),
];
const matches = (selector: Labels, labels: Labels): boolean =>
  Object.entries(selector).every(([name, value]) => labels[name] === value);

test('every file is YAML with an apiVersion and a kind, but for the configuration of Sluice', () => {
  const bad = files
    .filter((path) => !path.endsWith('sluice.yaml'))
    .filter((path) =>
      parseAllDocuments(readFileSync(join(folder, path), 'utf8')).some((one) => {
        const value: unknown = one.toJS();
        const known = typeof value === 'object' && value !== null && 'apiVersion' in value && 'kind' in value;
        return one.errors.length > 0 || one.warnings.length > 0 || !known;
      }),
    );
  expect(bad).toEqual([]);
});

test.each(['base', 'overlays/daemonset', 'components/service-monitor'])(
  'the kustomization of %s names files that exist, and all of them',
  (path) => {
    const { resources = [], patches = [], configMapGenerator = [] } = read<Kustomization>(path, 'kustomization.yaml');
    const named = [...resources, ...patches.map((one) => one.path), ...configMapGenerator.flatMap((one) => one.files)];
    const own = named.filter((name) => !name.startsWith('..'));
    const there = readdirSync(join(folder, path)).filter((name) => name !== 'kustomization.yaml');
    expect(own.toSorted()).toEqual(there.toSorted());
    for (const other of named.filter((name) => name.startsWith('..')))
      expect(files).toContain(join(path, other, 'kustomization.yaml'));
  },
);

describe.each(workloads.map((one) => [one.kind, one] as const))('the %s', (_kind, { spec }) => {
  const { metadata, spec: pod } = spec.template;
  const [container] = pod.containers;

  test('selects its own pods, and so do services, budget and monitor', () => {
    const selectors = [
      spec.selector.matchLabels,
      read<{ spec: { selector: Labels } }>('base', 'service.yaml').spec.selector,
      read<{ spec: { selector: Labels } }>('base', 'metrics-service.yaml').spec.selector,
      read<Workload>('base', 'pod-disruption-budget.yaml').spec.selector.matchLabels,
    ];
    expect(selectors.filter((one) => !matches(one, metadata.labels))).toEqual([]);
    const monitor = read<Workload & { spec: { endpoints: readonly { port: string; path: string }[] } }>(
      'components',
      'service-monitor',
      'service-monitor.yaml',
    );
    const watched = read<Workload>('base', 'metrics-service.yaml');
    expect(matches(monitor.spec.selector.matchLabels, watched.metadata.labels ?? {})).toBe(true);
    expect(monitor.spec.endpoints.map((one) => [one.port, one.path])).toEqual([['admin', '/metrics']]);
  });

  test('finds the volumes, the configuration, the account and the ports that it names', () => {
    expect(container.volumeMounts.map((one) => one.name).toSorted()).toEqual(
      pod.volumes.map((one) => one.name).toSorted(),
    );
    const { configMapGenerator = [], images = [] } = read<Kustomization>('base', 'kustomization.yaml');
    const maps = pod.volumes.flatMap((one) => (one.configMap === undefined ? [] : [one.configMap.name]));
    expect(maps).toEqual(configMapGenerator.map((one) => one.name));
    expect(images.map((one) => one.name)).toContain(container.image);
    expect(read<Workload>('base', 'service-account.yaml').metadata.name).toBe(pod.serviceAccountName);
    const ports = container.ports.map((one) => one.name);
    const asked = ['service.yaml', 'metrics-service.yaml'].flatMap((file) =>
      read<{ spec: { ports: readonly Port[] } }>('base', file).spec.ports.map((one) => one.targetPort),
    );
    const probed = [container.startupProbe, container.livenessProbe, container.readinessProbe];
    for (const port of [...asked, ...probed.map((one) => one.httpGet.port)]) expect(ports).toContain(port);
  });

  test('has no rights to spare', () => {
    expect(pod).toMatchObject({
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, runAsUser: 10_001, seccompProfile: { type: 'RuntimeDefault' } },
    });
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
  });

  test('gives the configuration the ports it opens and more time than it needs to stop', async () => {
    const file = join(folder, 'base', 'sluice.yaml');
    const { config, diagnostics } = await loadConfig(file, { environment: {} });
    // /srv/app is in the image, not here.
    const told = diagnostics.filter((one) => !one.message.includes('/srv/app')).map(({ code }) => code);
    // Probes and scrapers come from outside the pod; how-to/kubernetes.md says what else may not.
    expect(told).toEqual(['admin-without-tls']);
    const { listen } = read<{ admin: { listen: string } }>('base', 'sluice.yaml').admin;
    const ports = container.ports.map((one) => one.containerPort);
    expect(ports).toEqual([8080, Number(listen.split(':').at(-1))]);
    const stopSeconds = (config?.server.shutdownTimeLimitMs ?? 30_000) / 1_000;
    const waitSeconds = Number(container.lifecycle.preStop.exec.command.at(-1));
    expect(stopSeconds + waitSeconds).toBeLessThan(pod.terminationGracePeriodSeconds);
  });
});

describe('probes', () => {
  let sluice: Sluice;
  beforeAll(async () => {
    sluice = await startSluice({
      applicationPools: [{ name: 'app', startMode: 'AlwaysRunning' }],
      applications: [{ path: '/', applicationPool: 'app', physicalPath: app('plain') }],
    });
  }, 90_000);
  afterAll(() => sluice.stop());

  test('ask paths that a running server answers, under the address of its pod', async () => {
    const paths = workloads.flatMap(({ spec }) => {
      const [container] = spec.template.spec.containers;
      return [container.startupProbe, container.livenessProbe, container.readinessProbe].map((one) => one.httpGet.path);
    });
    for (const path of new Set([...paths, '/metrics'])) {
      const { status } = await call(sluice.adminPort, path, { host: `10.244.1.7:${sluice.adminPort}` });
      expect([path, status]).toEqual([path, 200]);
    }
  });
});
