/** What the web.config files of one application say, as a document with positions: `hosting` and `security` as in YAML. */
import type { XmlElement } from '../load/read-xml.js';
import type { MapEntry, MapNode, Place, Scalar, SourceNode } from '../load/source.js';
import type { ModuleSettings } from './module-attributes.js';
import type { ElementOf } from './module-problem.js';
import type { Effective, EffectiveHosting } from './web-config-layers.js';

/** By application id. */
export type WebConfigOrigins = Map<string, MapNode>;

export interface ModuleOrigin {
  readonly settings: ModuleSettings;
  /** Null: no element says how the application runs. */
  readonly attributePlace: ((attribute: string) => Place) | null;
}

export function originOf({ hosting, requestLimits, webSocket }: Effective, module: ModuleOrigin | null): MapNode {
  const entries = new Map<string, MapEntry>();
  const own = hostingNode(hosting, webSocket, module);
  if (own !== null) entries.set('hosting', entry(own));
  const limit = requestLimits?.element.attributes.get('maxAllowedContentLength');
  if (requestLimits !== null && limit !== undefined) {
    const place = placeIn(requestLimits.file, limit);
    const limits = map(place, [['maxAllowedContentLength', scalar(place, Number(limit.value.trim()))]]);
    const filtering = map(place, [['requestLimits', limits]]);
    entries.set('security', entry(map(place, [['requestFiltering', filtering]])));
  }
  return { kind: 'map', place: { file: '', line: 0, column: 0 }, entries };
}

function hostingNode(
  hosting: EffectiveHosting | null,
  webSocket: ElementOf | null,
  module: ModuleOrigin | null,
): MapNode | null {
  if (module === null) return null;
  const { settings, attributePlace } = module;
  const switched = webSocket === null ? null : placeIn(webSocket.file, webSocket.element);
  const placeOf = (name: string): Place =>
    (name === 'webSocket' ? switched : attributePlace?.(name)) ?? switched ?? { file: '', line: 0, column: 0 };
  const found = Object.entries(settings.raw).map(([name, value]) => [name, nodeOf(placeOf(name), value)] as const);
  const ofVariables = settings.variables.map(({ name, value }) => {
    return [name, scalar(variablePlace(hosting, name) ?? placeOf('environmentVariables'), value)] as const;
  });
  const place = placeOf('');
  if (ofVariables.length > 0) found.push(['environmentVariables', map(place, ofVariables)]);
  return map(place, found);
}

/** The last entry of the name holds; names are compared without case, as on Windows. */
function variablePlace(hosting: EffectiveHosting | null, name: string): Place | null {
  if (hosting === null) return null;
  const isIisnode = hosting.module === 'iisnode';
  const key = isIisnode ? 'key' : 'name';
  const lists = isIisnode
    ? hosting.appSettings
    : hosting.elements.flatMap(({ file, element }) =>
        element.children
          .filter((child) => child.name === 'environmentVariables')
          .map((one) => ({ file, element: one })),
      );
  const isIt = (one: XmlElement): boolean => one.attributes.get(key)?.value.trim().toLowerCase() === name.toLowerCase();
  for (const { file, element } of lists.toReversed()) {
    const found = element.children.findLast(isIt);
    if (found !== undefined) return placeIn(file, found);
  }
  return null;
}

function nodeOf(place: Place, value: unknown): SourceNode {
  if (Array.isArray(value)) return { kind: 'list', place, items: value.map((item: unknown) => nodeOf(place, item)) };
  if (typeof value === 'object' && value !== null) {
    return map(
      place,
      Object.entries(value).map(([key, inner]) => [key, nodeOf(place, inner)] as const),
    );
  }
  return scalar(
    place,
    typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null,
  );
}

function scalar(place: Place, value: Scalar): SourceNode {
  return { kind: 'scalar', place, value, text: value === null ? '' : String(value), secret: false };
}

function map(place: Place, entries: readonly (readonly [string, SourceNode])[]): MapNode {
  return { kind: 'map', place, entries: new Map(entries.map(([name, value]) => [name, entry(value)])) };
}

function entry(value: SourceNode): MapEntry {
  return { keyPlace: value.place, value };
}

function placeIn(file: string, { line, column }: { readonly line: number; readonly column: number }): Place {
  return { file, line, column };
}
