/** `handlerSettings` of an aspNetCore element: named texts, of which a few mean something here. */
import { parseBoolean, parseUint, shown } from '../base/units.js';
import type { XmlElement } from '../load/read-xml.js';
import { type ModuleMention, namedValue, refusal } from './module-problem.js';

const flags: ReadonlyMap<string, string> = new Map(
  ['forwardResponseConnectionHeader', 'enableOutOfProcessConsoleRedirection', 'disallowRotationOnConfigChange'].map(
    (name) => [name.toLowerCase(), name],
  ),
);
/** Settings of the module that have nothing to act on here; `shutdownDelay` because stops drain first. */
const withoutEffect: ReadonlySet<string> = new Set(
  (
    'debugFile debugLevel handlerVersion stackSize setCurrentDirectory callStartupHook ' +
    'suppressRecycleOnStartupTimeout enableShadowCopy experimentalEnableShadowCopy shadowCopyDirectory ' +
    'cleanShadowCopyDirectory shutdownDelay'
  )
    .toLowerCase()
    .split(' '),
);

/** Names are compared without case; a later entry of the same name wins. */
export class HandlerSettings {
  private readonly found = new Map<string, boolean>();

  /** Throws ModuleRefusal. */
  read(file: string, collection: XmlElement, mention: (mention: ModuleMention) => void): void {
    const idle: string[] = [];
    for (const child of collection.children) {
      if (child.name === 'clear') {
        this.found.clear();
        continue;
      }
      if (child.name !== 'handlerSetting')
        throw refusal(
          file,
          child,
          `<${child.name}> is not an element of handlerSettings`,
          'handlerSetting and clear are',
        );
      const { name, value } = namedValue(file, child);
      if (name.toLowerCase() === 'shutdowndelay' && !parseUint(value).ok)
        throw refusal(file, child, `shutdownDelay: "${shown(value)}" is not a number of milliseconds`, '', 0);
      const flag = parseBoolean(value);
      if (flags.has(name.toLowerCase()) && !flag.ok) throw refusal(file, child, `${name}: ${flag.message}`);
      if (flag.ok) this.found.set(name.toLowerCase(), flag.value);
      if (!flags.has(name.toLowerCase())) idle.push(withoutEffect.has(name.toLowerCase()) ? name : `${name} (unknown)`);
    }
    if (idle.length === 0) return;
    const { line, column } = collection;
    const names = idle.slice(0, 8).map(shown).join(', ');
    mention({ file, line, column, message: `handlerSettings without effect here: ${names}` });
  }

  raw(): Readonly<Record<string, unknown>> {
    const settings: Record<string, boolean> = {};
    for (const [key, name] of flags) {
      const value = this.found.get(key);
      if (value !== undefined) settings[name] = value;
    }
    return Object.keys(settings).length === 0 ? {} : { handlerSettings: settings };
  }
}
