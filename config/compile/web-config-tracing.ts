/** `tracing/traceFailedRequests` of all web.config files that hold for an application, as one collection of rules. */
import { traceRuleCharsMax, traceRulesOfApplicationMax } from '../base/log-limits.js';
import { statusRanges } from '../base/trace-codes.js';
import { parseTimeSpan, shown } from '../base/units.js';
import type { XmlAttribute, XmlElement } from '../load/read-xml.js';
import type { TraceRule } from '../trace-model.js';
import { type ElementOf, lockAttributes, type ModuleMention, refusal } from './module-problem.js';

export const tracingSection = 'tracing/traceFailedRequests';

/** An element of a web.config that holds for an application. */
export interface TracingElement extends ElementOf {
  /** It stands in the application's own file, not in one of those around it. */
  readonly own: boolean;
}

const ruleAttributes = ['path', 'customActionExe', 'customActionParams', 'customActionTriggerLimit'] as const;
const failureAttributes = ['statusCodes', 'timeTaken', 'verbosity', 'traceAllAfterTimeout'] as const;

/** In the order of the collection, outer files first. Throws ModuleRefusal. */
export function traceRulesOf(
  elements: readonly TracingElement[],
  mention: (mention: ModuleMention) => void,
): readonly TraceRule[] {
  const reader = new RuleReader(mention);
  const rules: TraceRule[] = [];
  for (const added of collected(elements)) {
    const rule = reader.read(added);
    if (rule === null) continue;
    if (rules.length < traceRulesOfApplicationMax) rules.push(rule);
    else reader.tell(added, added.element, 'many', `rules beyond the first ${traceRulesOfApplicationMax} do not act`);
  }
  return rules;
}

/** Paths are unique, compared without case. */
function collected(elements: readonly TracingElement[]): Iterable<TracingElement> {
  const byPath = new Map<string, TracingElement>();
  for (const { file, element, own } of elements) {
    for (const child of element.children) {
      if (child.name === 'clear') {
        byPath.clear();
        continue;
      }
      if (child.name !== 'add' && child.name !== 'remove') {
        const message = `<${shown(child.name)}> is not an element of traceFailedRequests`;
        throw refusal(file, child, message, 'add, remove and clear are');
      }
      const path = pathOf(file, child);
      const before = byPath.get(path.toLowerCase());
      if (child.name === 'remove') byPath.delete(path.toLowerCase());
      else if (before === undefined) byPath.set(path.toLowerCase(), { file, element: child, own });
      else {
        const message = `there is a rule for the path ${shown(path)} already (${before.file}:${before.element.line})`;
        throw refusal(file, child, message, `write <remove path="${shown(path)}" /> before it`);
      }
    }
  }
  return byPath.values();
}

function pathOf(file: string, element: XmlElement): string {
  const path = element.attributes.get('path')?.value.trim() ?? '';
  if (path === '') throw refusal(file, element, `<${element.name}> needs a path`, 'such as path="*"');
  return path;
}

/** Says what does not act once for each kind, and only of the application's own file. */
class RuleReader {
  private readonly mention: (mention: ModuleMention) => void;
  private readonly told = new Set<string>();

  constructor(mention: (mention: ModuleMention) => void) {
    this.mention = mention;
  }

  /** null = the rule cannot act. */
  read(added: TracingElement): TraceRule | null {
    const { file, element } = added;
    checkAttributes(file, element, ruleAttributes);
    const program = element.attributes.get('customActionExe');
    if (program !== undefined) {
      this.tell(added, program, 'customActionExe', 'customActionExe does not act: no program runs for a trace');
    }
    let failure: XmlElement | null = null;
    for (const child of element.children) {
      if (child.name === 'failureDefinitions') failure = child;
      else if (child.name !== 'traceAreas') {
        throw refusal(file, child, `<${shown(child.name)}> is not an element of a rule of traceFailedRequests`);
      } else {
        const why = 'a trace is the whole life of its request as Sluice sees it, whatever providers are named';
        this.tell(added, child, 'traceAreas', `traceAreas does not act: ${why}`);
      }
    }
    const codes = this.codes(added, failure);
    const timeTakenMs = timeTaken(file, failure);
    const path = this.path(added);
    if (path === null) return null;
    if (codes.length > 0 || timeTakenMs > 0) return { path, codes, timeTakenMs };
    const what = `the rule for the path ${shown(pathOf(file, element))} does not act`;
    this.tell(added, failure ?? element, 'condition', `${what}: it has neither statusCodes nor timeTaken`);
    return null;
  }

  tell({ file, own }: TracingElement, at: XmlElement | XmlAttribute, kind: string, message: string): void {
    if (!own || this.told.has(kind)) return;
    this.told.add(kind);
    this.mention({ file, line: at.line, column: at.column, message });
  }

  /** For the path below the application: IIS looks at the end of it, from a slash on or from a `*` on. */
  private path(added: TracingElement): string | null {
    const { file, element } = added;
    const path = pathOf(file, element).toLowerCase();
    const at = element.attributes.get('path') ?? element;
    if (path.length > traceRuleCharsMax || path.includes('/') || path.includes('\\')) {
      const why = path.length > traceRuleCharsMax ? 'is too long' : 'names a folder, which IIS does not look at';
      this.tell(added, at, 'path', `the rule for the path ${shown(path)} does not act: the path ${why}`);
      return null;
    }
    return path.startsWith('*') ? path : `*/${path}`;
  }

  private codes(added: TracingElement, failure: XmlElement | null): TraceRule['codes'] {
    if (failure === null) return [];
    checkAttributes(added.file, failure, failureAttributes);
    const verbosity = failure.attributes.get('verbosity');
    if (verbosity !== undefined && verbosity.value.trim().toLowerCase() !== 'ignore') {
      const why = 'requests fail by status and time taken, there are no events of modules';
      this.tell(added, verbosity, 'verbosity', `verbosity of failureDefinitions does not act: ${why}`);
    }
    const attribute = failure.attributes.get('statusCodes');
    if (attribute === undefined || attribute.value.trim() === '') return [];
    const codes = attribute.value.length > traceRuleCharsMax ? null : statusRanges(attribute.value);
    if (codes !== null) return codes;
    const what = `statusCodes: "${shown(attribute.value)}" does not act`;
    const why = 'it is no list such as 400-403.5,404,500.19';
    this.tell(
      added,
      attribute,
      'statusCodes',
      `${what}: ${attribute.value.length > traceRuleCharsMax ? 'it is too long' : why}`,
    );
    return [];
  }
}

function timeTaken(file: string, failure: XmlElement | null): number {
  const attribute = failure?.attributes.get('timeTaken');
  if (attribute === undefined || attribute.value.trim() === '') return 0;
  const parsed = parseTimeSpan(attribute.value);
  if (parsed.ok) return parsed.value;
  throw refusal(file, attribute, `timeTaken: ${parsed.message}`, 'such as 00:00:05');
}

function checkAttributes(file: string, element: XmlElement, names: readonly string[]): void {
  for (const [name, attribute] of element.attributes) {
    if (names.includes(name) || lockAttributes.test(name)) continue;
    throw refusal(file, attribute, `${name} is not an attribute of ${element.name}`, `${names.join(', ')} are`);
  }
}
