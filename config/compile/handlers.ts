/** `system.webServer/handlers` of all files that hold for an application, as one collection. */
import { shown } from '../base/units.js';
import type { XmlElement } from '../load/read-xml.js';
import type { Module } from './module-attributes.js';
import { type ElementOf, refusal } from './module-problem.js';

const modules: ReadonlyMap<string, Module | 'iisnode'> = new Map([
  ['aspnetcoremodule', 'aspNetCore'],
  ['aspnetcoremodulev2', 'aspNetCore'],
  ['httpplatformhandler', 'httpPlatform'],
  ['iisnode', 'iisnode'],
]);

interface Handler extends ElementOf {
  readonly module: Module | 'iisnode' | null;
  readonly layer: number;
}

/** Entries have unique names, compared without case. */
export class Handlers {
  private readonly byName = new Map<string, Handler>();
  /** Where a handler of the module was taken away last. */
  private readonly removedAt = new Map<string, number>();

  /** Throws ModuleRefusal. */
  add(file: string, section: XmlElement, layer: number): void {
    for (const child of section.children) {
      const name = child.attributes.get('name')?.value.trim() ?? '';
      if (child.name === 'clear') for (const one of this.byName.keys()) this.remove(one, layer);
      else if (child.name === 'remove') this.remove(name.toLowerCase(), layer);
      else if (child.name !== 'add') {
        throw refusal(file, child, `<${shown(child.name)}> is not an element of handlers`, 'add, remove and clear are');
      } else this.insert(name, file, child, layer);
    }
  }

  has(module: Module | 'iisnode'): boolean {
    return [...this.byName.values()].some((one) => one.module === module);
  }

  /** The handlers of `module` were taken away after the last file (`layer`) that sets it up. */
  without(module: Module, layer: number): boolean {
    if (this.has(module)) return false;
    return (this.removedAt.get(module) ?? 0) > layer;
  }

  /** The first handler of iisnode that names one script. */
  script(): Handler | null {
    return [...this.byName.values()].find((one) => one.module === 'iisnode' && !pathOf(one).includes('*')) ?? null;
  }

  /** The handler that leads to the application's module is implied; others would have served files or scripts. */
  *mentions(layer: number): Generator<ElementOf & { readonly message: string }> {
    for (const handler of this.byName.values()) {
      if (handler.layer !== layer) continue;
      const { file, element, module } = handler;
      const start = 'the section handlers of web.config holds a handler that does not act';
      if (module === null) yield { file, element, message: `${start}: every request goes to the application` };
      else if (module === 'iisnode' && pathOf(handler).includes('*')) {
        yield { file, element, message: `${start}: iisnode with a pattern names no entry` };
      } else if ((module !== 'iisnode' && pathOf(handler) !== '*') || verbOf(handler) !== '*') {
        const message = 'path and verb of a handler do not act: every request goes to the application';
        yield { file, element, message };
      }
    }
  }

  private insert(name: string, file: string, element: XmlElement, layer: number): void {
    if (name === '') throw refusal(file, element, 'a handler needs a name', 'write name="..."');
    const before = this.byName.get(name.toLowerCase());
    if (before !== undefined) {
      const message = `there is a handler named ${shown(name)} already (${before.file}:${before.element.line})`;
      throw refusal(file, element, message, `write <remove name="${shown(name)}" /> before it`);
    }
    const module = modules.get(element.attributes.get('modules')?.value.trim().toLowerCase() ?? '') ?? null;
    this.byName.set(name.toLowerCase(), { file, element, module, layer });
  }

  private remove(name: string, layer: number): void {
    const module = this.byName.get(name)?.module ?? null;
    if (module !== null) this.removedAt.set(module, layer);
    this.byName.delete(name);
  }
}

function pathOf({ element }: Handler): string {
  return element.attributes.get('path')?.value.trim() ?? '*';
}

function verbOf({ element }: Handler): string {
  return element.attributes.get('verb')?.value.trim() ?? '*';
}
