/** An application that iisnode would have run: the handler names the entry, appSettings are variables. */
import { environmentVariablesMax } from '../base/limits.js';
import { shown } from '../base/units.js';
import { hasControls } from '../schema/values.js';
import type { ModuleSettings } from './module-attributes.js';
import { type ElementOf, type ModuleMention, refusal } from './module-problem.js';
import { Variables } from './variables.js';
import type { EffectiveHosting } from './web-config-layers.js';

type IisnodeHosting = Extract<EffectiveHosting, { readonly module: 'iisnode' }>;

/** Throws ModuleRefusal. */
export function iisnodeSettings(hosting: IisnodeHosting, mention: (mention: ModuleMention) => void): ModuleSettings {
  const { file, element } = hosting.handler;
  const path = element.attributes.get('path');
  const script = path?.value.trim() ?? '';
  if (path === undefined || script === '' || hasControls(script) || script.includes('"')) {
    throw refusal(
      file,
      path ?? element,
      'the path of a handler of iisnode names the entry',
      'such as path="server.js"',
    );
  }
  const variables = new Variables();
  for (const one of hosting.appSettings) appSettings(one, variables);
  const idle = new Set<string>();
  for (const one of hosting.elements) {
    for (const [name, { value }] of one.element.attributes) {
      if (name !== 'node_env') idle.add(name);
      else if (value.trim() !== '' && value.trim().toLowerCase() !== '%node_env%')
        variables.replace('NODE_ENV', value.trim());
    }
  }
  const last = hosting.elements.at(-1);
  if (idle.size > 0 && last !== undefined) {
    const names = [...idle].slice(0, 8).map(shown).join(', ');
    const { line, column } = last.element;
    const message = `the application runs without iisnode: ${names} ${idle.size === 1 ? 'does' : 'do'} not act`;
    mention({ file: last.file, line, column, message });
  }
  // A name that begins with a dash would be an option of node.
  const entry = script.startsWith('-') ? `./${script}` : script;
  return { raw: { hostingModel: 'inprocess', arguments: `"${entry}"` }, variables: variables.list() };
}

function appSettings({ file, element }: ElementOf, variables: Variables): void {
  for (const child of element.children) {
    const key = child.attributes.get('key')?.value.trim() ?? '';
    if (child.name === 'clear') variables.clear();
    else if (child.name === 'remove') variables.remove(key);
    else if (child.name === 'add') {
      if (key === '' || key.includes('=') || hasControls(key))
        throw refusal(file, child, 'an entry of appSettings needs a key without "="');
      variables.replace(key, child.attributes.get('value')?.value ?? '');
      if (variables.size > environmentVariablesMax)
        throw refusal(file, child, `more than ${environmentVariablesMax} appSettings`);
    }
  }
}
