/** Collects what one load finds, in order, bounded. */
import type { Diagnostic } from '../base/diagnostics.js';
import { configDiagnosticsMax } from '../base/limits.js';
import { diagnosticAt, keyPlaceAt, type MapNode, nodeAt, type Path, placeAt, type Problem } from '../load/source.js';

export class Report {
  readonly diagnostics: Diagnostic[] = [];
  /** The document that paths are looked up in. */
  readonly root: MapNode;
  private left = configDiagnosticsMax;

  constructor(root: MapNode) {
    this.root = root;
  }

  push(diagnostic: Diagnostic): void {
    if (this.left-- > 0) this.diagnostics.push(diagnostic);
  }

  /** For applications that are compiled at the same time: `join` keeps the order of the configuration. */
  branch(): Report {
    return new Report(this.root);
  }

  join(branch: Report): void {
    for (const diagnostic of branch.diagnostics) this.push(diagnostic);
  }

  /** A problem of the value at `path`. */
  at(path: Path, problem: Omit<Problem, 'path'>): void {
    this.push(diagnosticAt(placeAt(this.root, path), { ...problem, path }));
  }

  /** A problem of the key that ends `path`. */
  atKey(path: Path, problem: Omit<Problem, 'path'>): void {
    this.push(diagnosticAt(keyPlaceAt(this.root, path), { ...problem, path }));
  }

  has(path: Path): boolean {
    return nodeAt(this.root, path) !== null;
  }

  get failed(): boolean {
    return this.diagnostics.some((diagnostic) => diagnostic.severity === 'error');
  }
}
