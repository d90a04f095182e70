/** The attributes and children of an aspNetCore (or httpPlatform) element as raw hosting settings. */
import { parseBoolean, parseUint } from '../base/units.js';
import type { EnvironmentVariable } from '../model.js';
import type { XmlElement } from '../load/read-xml.js';
import type { ScalarNode, SourceNode } from '../load/source.js';
import { aspNetCoreAttributes, handlerSettings as actingHandlerSettings } from '../schema/hosting.js';
import { hostingSettings } from '../schema/root.js';
import { shapeProblems } from './issues.js';
import { nearest } from './nearest.js';

export interface ModuleProblem {
  readonly line: number;
  readonly column: number;
  readonly message: string;
  readonly remedy: string;
}

export interface ModuleSettings {
  /** As a YAML `hosting` would say it, without variables. */
  readonly raw: Readonly<Record<string, unknown>>;
  readonly variables: readonly EnvironmentVariable[];
}

export type ModuleResult =
  | { readonly ok: true; readonly settings: ModuleSettings; readonly mentions: readonly ModuleProblem[] }
  | { readonly ok: false; readonly problem: ModuleProblem };

const attributeNames = Object.keys(aspNetCoreAttributes).filter((name) => name !== 'environmentVariables');
const booleans: ReadonlySet<string> = new Set([
  'stdoutLogEnabled',
  'disableStartUpErrorPage',
  'forwardWindowsAuthToken',
]);
const numbers: ReadonlySet<string> = new Set([
  'processesPerApplication',
  'startupTimeLimit',
  'shutdownTimeLimit',
  'rapidFailsPerMinute',
  'startupRetryCount',
]);
/** IIS's own attributes, allowed on every element. */
const lockAttributes =
  /^(?:lock(?:All)?(?:Attributes|Elements)(?:Except)?|lockItem|lockAllAttributesExcept|lockAllElementsExcept)$/;
const handlerSettingNames: ReadonlySet<string> = new Set(
  (
    'debugfile debuglevel handlerversion stacksize setcurrentdirectory callstartuphook ' +
    'suppressrecycleonstartuptimeout enableshadowcopy experimentalenableshadowcopy shadowcopydirectory ' +
    'cleanshadowcopydirectory shutdowndelay'
  ).split(' '),
);
/** Names without case -> as the settings spell them. */
const actingNames = new Map(Object.keys(actingHandlerSettings.shape).map((name) => [name.toLowerCase(), name]));

export function moduleSettings(module: 'aspNetCore' | 'httpPlatform', element: XmlElement): ModuleResult {
  const raw: Record<string, unknown> = Object.create(null);
  if (module === 'httpPlatform') raw['stdoutLogFile'] = '.\\httpplatform-stdout';
  for (const [name, attribute] of element.attributes) {
    if (lockAttributes.test(name)) continue;
    if (!attributeNames.includes(name) && !(module === 'httpPlatform' && name === 'startupRetryCount')) {
      const near = nearest(name, attributeNames);
      const message = `${name} is not an attribute of ${module}`;
      return failed(attribute, message, near === null ? '' : `did you mean ${near}?`);
    }
    const value = typed(name, attribute.value);
    if (value !== undefined) raw[name] = value;
    const problem = valueProblem(name, value, attribute.value);
    if (problem !== null) return failed(attribute, `${name}: ${problem.message}`, problem.remedy);
  }
  return children(element, raw);
}

function typed(name: string, text: string): unknown {
  if (booleans.has(name)) {
    const parsed = parseBoolean(text);
    return parsed.ok ? parsed.value : text;
  }
  if (numbers.has(name)) {
    const parsed = parseUint(text);
    return parsed.ok ? parsed.value : text;
  }
  // Present and empty is as good as absent for these (IIS, and what the SDK writes).
  return text.trim() === '' ? undefined : text;
}

function valueProblem(name: string, value: unknown, text: string): { message: string; remedy: string } | null {
  if (value === undefined) return null;
  const parsed = hostingSettings.safeParse({ [name]: value });
  if (parsed.success) return null;
  const node: ScalarNode = {
    kind: 'scalar',
    place: { file: '', line: 0, column: 0 },
    value: typeof value === 'number' || typeof value === 'boolean' ? value : text,
    text,
    secret: false,
  };
  const read = (): SourceNode => node;
  const [problem] = shapeProblems(parsed.error.issues, read);
  return {
    message: problem?.message ?? 'the value is not valid',
    remedy: numbers.has(name) ? 'write a whole number' : '',
  };
}

function children(element: XmlElement, raw: Record<string, unknown>): ModuleResult {
  const mentions: ModuleProblem[] = [];
  let variables: EnvironmentVariable[] = [];
  for (const child of element.children) {
    if (child.name === 'environmentVariables') {
      const read = environmentVariables(child, variables);
      if ('message' in read) return { ok: false, problem: read };
      variables = read.variables;
    } else if (child.name === 'handlerSettings') {
      const problem = handlerSettings(child, raw, mentions);
      if (problem !== null) return { ok: false, problem };
    } else if (child.name === 'recycleOnFileChange') {
      mentions.push({ ...at(child), message: 'recycleOnFileChange does not act yet', remedy: '' });
    } else return failed(child, `<${child.name}> is not an element of ${element.name}`, '');
  }
  return { ok: true, settings: { raw, variables }, mentions };
}

function environmentVariables(
  collection: XmlElement,
  before: readonly EnvironmentVariable[],
): { readonly variables: EnvironmentVariable[] } | ModuleProblem {
  let variables = [...before];
  for (const child of collection.children) {
    if (child.name === 'clear') {
      variables = [];
      continue;
    }
    const name = child.attributes.get('name')?.value;
    const value = child.attributes.get('value')?.value;
    if (child.name !== 'environmentVariable') {
      return {
        ...at(child),
        message: `<${child.name}> is not an element of environmentVariables`,
        remedy: 'environmentVariable and clear are',
      };
    }
    if (name === undefined || name.trim() === '' || name.includes('=')) {
      return {
        ...at(child),
        message: 'an environmentVariable needs a name without "="',
        remedy: 'write name="NAME" value="..."',
      };
    }
    if (value === undefined)
      return { ...at(child), message: `the environmentVariable ${name} has no value`, remedy: 'write value=""' };
    variables.push({ name, value });
  }
  return { variables };
}

function handlerSettings(
  collection: XmlElement,
  raw: Record<string, unknown>,
  mentions: ModuleProblem[],
): ModuleProblem | null {
  let acting: Record<string, boolean> = {};
  const others: string[] = [];
  for (const child of collection.children) {
    if (child.name === 'clear') {
      acting = {};
      continue;
    }
    const name = child.attributes.get('name')?.value.trim() ?? '';
    if (child.name !== 'handlerSetting' || name === '') {
      return { ...at(child), message: 'handlerSettings holds handlerSetting elements with a name', remedy: '' };
    }
    const known = actingNames.get(name.toLowerCase());
    const value = parseBoolean(child.attributes.get('value')?.value ?? '');
    if (known === undefined) others.push(name);
    else if (value.ok) acting[known] = value.value;
    else
      return { ...at(child), message: `the handlerSetting ${name}: ${value.message}`, remedy: 'write true or false' };
  }
  raw['handlerSettings'] = acting;
  if (others.length === 0) return null;
  const unknown = others.filter((name) => !handlerSettingNames.has(name.toLowerCase()));
  const what = unknown.length > 0 ? ` (${unknown.slice(0, 5).join(', ')} unknown)` : '';
  const message = `handlerSettings ${others.slice(0, 5).join(', ')} have no effect here${what}`;
  mentions.push({ ...at(collection), message, remedy: '' });
  return null;
}

function at(element: XmlElement): { readonly line: number; readonly column: number } {
  return { line: element.line, column: element.column };
}

function failed(
  where: { readonly line: number; readonly column: number },
  message: string,
  remedy: string,
): ModuleResult {
  return { ok: false, problem: { line: where.line, column: where.column, message, remedy } };
}
