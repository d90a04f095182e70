/** `sluice start FOLDER`: one site on port 8080, one application, one pool named after the folder. */
import { basename } from 'node:path';
import type { MapNode, Scalar, SourceNode } from '../load/source.js';

export function zeroConfigDocument(folder: string): MapNode {
  const place = { file: folder, line: 0, column: 0 };
  const node = (value: unknown): SourceNode => {
    if (Array.isArray(value)) return { kind: 'list', place, items: value.map(node) };
    if (typeof value === 'object' && value !== null) return map(value);
    const scalar: Scalar = typeof value === 'string' || typeof value === 'number' ? value : null;
    return { kind: 'scalar', place, value: scalar, text: String(scalar), secret: false };
  };
  const map = (value: object): MapNode => ({
    kind: 'map',
    place,
    entries: new Map(Object.entries(value).map(([key, inner]) => [key, { keyPlace: place, value: node(inner) }])),
  });
  const name = poolNameOf(folder);
  return map({
    applicationPools: [{ name }],
    sites: [
      {
        name,
        bindings: [{ protocol: 'http', bindingInformation: '*:8080:' }],
        applications: [{ path: '/', applicationPool: name, physicalPath: folder }],
      },
    ],
  });
}

/** The folder's name with what pool and site names may not hold replaced. */
function poolNameOf(folder: string): string {
  const name = basename(folder)
    .replace(/[^A-Za-z0-9._ -]/g, '-')
    .trim()
    .slice(0, 64)
    .trim();
  return name === '' ? 'app' : name;
}
