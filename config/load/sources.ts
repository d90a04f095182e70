import { createHash } from 'node:crypto';

/** What a load reads, for the watcher and the version. */
export class Sources {
  /** Files that were read or looked for; for an include pattern the pattern itself. */
  readonly files = new Set<string>();
  private readonly read: string[] = [];
  private readonly parts: string[] = [];

  add(file: string, contents: Uint8Array | string | null): void {
    this.files.add(file);
    this.read.push(`${file}\0${contents === null ? '' : createHash('sha256').update(contents).digest('base64')}\0`);
  }

  /** What another load of this part found; its digest stands for all of it. Parts come in a fixed order. */
  include(files: Iterable<string>, digest: string): void {
    for (const file of files) this.files.add(file);
    this.parts.push(digest);
  }

  /** Whatever the order of reading. */
  digest(more: string): string {
    return digestOf([...this.read.toSorted(), ...this.parts, more].join(''));
  }
}

export function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}
