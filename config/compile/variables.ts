/** Environment variables as files write them: a map or a list, merged by name, in order of appearance. */
import type { EnvironmentVariable } from '../model.js';
import type { MapNode, SourceNode } from '../load/source.js';

export class Variables {
  private readonly byName = new Map<string, string>();

  /** Adds what a source node says; the text is as written, so that `1.10` stays `1.10`. */
  addNode(node: SourceNode | null, secrets: Set<string>): this {
    if (node?.kind === 'map') {
      for (const [name, entry] of node.entries) this.add(name, entry.value, secrets);
    } else if (node?.kind === 'list') {
      for (const item of node.items) if (item.kind === 'map') this.addItem(item, secrets);
    }
    return this;
  }

  addAll(variables: Iterable<EnvironmentVariable>): this {
    for (const { name, value } of variables) this.byName.set(name, value);
    return this;
  }

  clear(): void {
    this.byName.clear();
  }

  /** As Windows has it: a name in another case is the same variable, and the later spelling stays. */
  replace(name: string, value: string): void {
    if (!this.byName.has(name)) this.remove(name);
    this.byName.set(name, value);
  }

  /** In whatever case. */
  remove(name: string): void {
    for (const one of this.byName.keys()) if (one.toLowerCase() === name.toLowerCase()) this.byName.delete(one);
  }

  get size(): number {
    return this.byName.size;
  }

  list(): readonly EnvironmentVariable[] {
    return [...this.byName].map(([name, value]) => ({ name, value }));
  }

  private addItem(item: MapNode, secrets: Set<string>): void {
    const name = item.entries.get('name')?.value;
    const value = item.entries.get('value')?.value;
    if (name?.kind === 'scalar' && value !== undefined) this.add(name.text, value, secrets);
  }

  private add(name: string, value: SourceNode, secrets: Set<string>): void {
    if (value.kind !== 'scalar') return;
    if (value.secret && value.text !== '') secrets.add(value.text);
    this.byName.set(name, value.text);
  }
}
