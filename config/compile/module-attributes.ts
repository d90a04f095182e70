/**
 * The aspNetCore (or httpPlatform) elements that hold for an application, outermost first, as raw hosting
 * settings: an attribute of an inner element replaces that of an outer one, collections go on.
 */
import { recycleFilesMax, requestTimeoutMsMax } from '../base/limits.js';
import { dayMs, formatTimeSpan, parseBoolean, parseTimeSpan, parseUint, shown } from '../base/units.js';
import type { XmlElement } from '../load/read-xml.js';
import type { EnvironmentVariable } from '../model.js';
import { hasControls } from '../schema/values.js';
import { HandlerSettings } from './handler-settings.js';
import { type ElementOf, lockAttributes, type ModuleMention, refusal } from './module-problem.js';
import { ModuleVariables } from './module-variables.js';
import { nearest } from './nearest.js';

export type Module = 'aspNetCore' | 'httpPlatform';

export interface ModuleSettings {
  /** As a YAML `hosting` would say it, without variables. */
  readonly raw: Readonly<Record<string, unknown>>;
  readonly variables: readonly EnvironmentVariable[];
}

type Rule =
  | { readonly kind: 'boolean' | 'model' }
  | { readonly kind: 'text'; readonly max: number }
  | { readonly kind: 'uint'; readonly max: number; readonly min: number }
  | { readonly kind: 'span'; readonly maxMs: number; readonly stepMs: number };

const text = (max: number): Rule => ({ kind: 'text', max });
const flag: Rule = { kind: 'boolean' };
const uint = (min: number, max: number): Rule => ({ kind: 'uint', min, max });

/** Attributes with their types and ranges, by the schemas of the two modules. */
const shared = {
  processPath: text(4_096),
  arguments: text(32_768),
  processesPerApplication: uint(1, 100),
  startupTimeLimit: uint(0, 3_600),
  rapidFailsPerMinute: uint(0, 100),
  stdoutLogEnabled: flag,
  stdoutLogFile: text(4_096),
  forwardWindowsAuthToken: flag,
} as const;
const attributes: Readonly<Record<Module, ReadonlyMap<string, Rule>>> = {
  aspNetCore: new Map<string, Rule>(
    Object.entries({
      ...shared,
      hostingModel: { kind: 'model' },
      shutdownTimeLimit: uint(0, 600),
      requestTimeout: { kind: 'span', maxMs: 15 * dayMs, stepMs: 1_000 },
      disableStartUpErrorPage: flag,
    } as const),
  ),
  httpPlatform: new Map<string, Rule>(
    Object.entries({
      ...shared,
      startupRetryCount: uint(0, 100),
      requestTimeout: { kind: 'span', maxMs: requestTimeoutMsMax, stepMs: 60_000 },
    } as const),
  ),
};
/** What an httpPlatform element that does not say it means otherwise than an aspNetCore element. */
const defaults: Readonly<Record<Module, Readonly<Record<string, unknown>>>> = {
  aspNetCore: {},
  httpPlatform: { stdoutLogFile: '.\\httpplatform-stdout', startupRetryCount: 10 },
};
/** Throws ModuleRefusal. */
export function moduleSettings(
  module: Module,
  elements: readonly ElementOf[],
  mention: (mention: ModuleMention) => void,
): ModuleSettings {
  const raw: Record<string, unknown> = Object.assign(Object.create(null), defaults[module]);
  const variables = new ModuleVariables();
  const files = new Map<string, true>();
  const handler = new HandlerSettings();
  for (const { file, element } of elements) {
    readAttributes(file, element, attributes[module], raw);
    for (const child of element.children) {
      if (child.name === 'environmentVariables') variables.read(file, child);
      else if (child.name === 'recycleOnFileChange') recycledBy(file, child, files);
      else if (child.name === 'handlerSettings' && module === 'aspNetCore') handler.read(file, child, mention);
      else throw refusal(file, child, `<${child.name}> is not an element of ${module}`);
    }
  }
  variables.tell(mention);
  if (files.size > 0) raw['recycleOnFileChange'] = [...files.keys()];
  return { raw: { ...raw, ...handler.raw() }, variables: variables.list() };
}

function readAttributes(
  file: string,
  element: XmlElement,
  rules: ReadonlyMap<string, Rule>,
  raw: Record<string, unknown>,
): void {
  for (const [name, attribute] of element.attributes) {
    if (lockAttributes.test(name)) continue;
    const rule = rules.get(name);
    if (rule === undefined) {
      const near = nearest(name, rules.keys());
      const message = `${name} is not an attribute of ${element.name}`;
      throw refusal(file, attribute, message, near === null ? '' : `did you mean ${near}?`);
    }
    const value = valueOf(rule, attribute.value);
    if ('wrong' in value) {
      const message = `${name}: "${shown(attribute.value)}" ${value.wrong}`;
      throw refusal(file, attribute, message, '', rule.kind === 'model' ? 0 : 19);
    }
    // Present and empty is as good as absent (IIS, and what the SDK writes); it hides an outer value.
    if (value.is === undefined) delete raw[name];
    else raw[name] = value.is;
  }
}

function valueOf(rule: Rule, written: string): { readonly is: unknown } | { readonly wrong: string } {
  switch (rule.kind) {
    case 'text': {
      if (hasControls(written)) return { wrong: 'holds control characters' };
      if (written.length > rule.max) return { wrong: `has more than ${rule.max} characters` };
      return { is: written.trim() === '' ? undefined : written };
    }
    case 'model': {
      const word = written.trim().toLowerCase();
      if (word === '') return { is: undefined };
      return word === 'inprocess' || word === 'outofprocess'
        ? { is: word }
        : { wrong: 'is neither InProcess nor OutOfProcess' };
    }
    case 'boolean': {
      const parsed = parseBoolean(written);
      return parsed.ok ? { is: parsed.value } : { wrong: 'is neither true nor false' };
    }
    case 'uint': {
      const { min, max } = rule;
      const parsed = parseUint(written);
      if (parsed.ok && parsed.value >= min && parsed.value <= max) return { is: parsed.value };
      return { wrong: `is not a whole number from ${min} to ${max}` };
    }
    case 'span': {
      const { maxMs, stepMs } = rule;
      const parsed = parseTimeSpan(written);
      if (parsed.ok && parsed.value <= maxMs && parsed.value % stepMs === 0) return { is: written.trim() };
      const whole = stepMs > 1_000 ? ' in whole minutes' : '';
      return { wrong: `is not a time span (hh:mm:ss) from 00:00:00 to ${formatTimeSpan(maxMs)}${whole}` };
    }
  }
}

function recycledBy(file: string, collection: XmlElement, files: Map<string, true>): void {
  for (const child of collection.children) {
    if (child.name === 'clear') {
      files.clear();
      continue;
    }
    const path = child.attributes.get('path')?.value.trim() ?? '';
    if (child.name !== 'file' || path === '' || hasControls(path)) {
      throw refusal(file, child, 'recycleOnFileChange holds file elements with a path', 'write <file path="..." />');
    }
    files.set(path, true);
    if (files.size > recycleFilesMax) throw refusal(file, child, `more than ${recycleFilesMax} files`);
  }
}
