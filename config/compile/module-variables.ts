/**
 * `environmentVariables` of a module. On Windows a name in another case is the same variable; programs on Linux look
 * for the one spelling that they know.
 */
import { environmentVariablesMax } from '../base/limits.js';
import { shown } from '../base/units.js';
import type { XmlElement } from '../load/read-xml.js';
import type { EnvironmentVariable } from '../model.js';
import { hasControls } from '../schema/values.js';
import { type ModuleMention, namedValue, refusal } from './module-problem.js';
import { Variables } from './variables.js';

const namesMentionedMax = 8;

/** Read by the host of .NET under these names only. Those of the runtime have lower case (`DOTNET_gcServer`). */
const upperCaseOfDotnet: ReadonlySet<string> = new Set([
  'DOTNET_ADDITIONAL_DEPS',
  'DOTNET_APPLICATIONNAME',
  'DOTNET_BUNDLE_EXTRACT_BASE_DIR',
  'DOTNET_CONTENTROOT',
  'DOTNET_ENVIRONMENT',
  'DOTNET_ROLL_FORWARD',
  'DOTNET_ROLL_FORWARD_ON_NO_CANDIDATE_FX',
  'DOTNET_ROLL_FORWARD_TO_PRERELEASE',
  'DOTNET_ROOT',
  'DOTNET_RUNNING_IN_CONTAINER',
  'DOTNET_SHARED_STORE',
  'DOTNET_SHUTDOWNTIMEOUTSECONDS',
  'DOTNET_STARTUP_HOOKS',
  'DOTNET_SYSTEM_GLOBALIZATION_INVARIANT',
  'DOTNET_URLS',
  'DOTNET_USE_POLLING_FILE_WATCHER',
]);

interface Written {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly text: string;
}

export class ModuleVariables {
  private readonly variables = new Variables();
  /** As written -> as set. */
  private readonly respelled: Written[] = [];
  private readonly twice: Written[] = [];

  /** Throws ModuleRefusal. */
  read(file: string, collection: XmlElement): void {
    const inFile = new Map<string, string>();
    for (const child of collection.children) {
      if (child.name === 'clear') {
        this.variables.clear();
        inFile.clear();
        continue;
      }
      if (child.name !== 'environmentVariable') {
        const message = `<${child.name}> is not an element of environmentVariables`;
        throw refusal(file, child, message, 'environmentVariable and clear are');
      }
      const { name, value } = namedValue(file, child);
      if (name.includes('=') || hasControls(name))
        throw refusal(file, child, 'an environmentVariable needs a name without "="', 'write name="NAME" value="..."');
      const right = spelling(name);
      const { line, column } = child;
      if (right !== name) this.respelled.push({ file, line, column, text: `${shown(name)} is set as ${right}` });
      const before = inFile.get(name.toLowerCase());
      if (before !== undefined && before !== name)
        this.twice.push({ file, line, column, text: `${shown(before)} and ${shown(name)}` });
      inFile.set(name.toLowerCase(), name);
      this.variables.replace(right, value);
      if (this.variables.size > environmentVariablesMax)
        throw refusal(file, child, `more than ${environmentVariablesMax} environment variables`);
    }
  }

  /** One mention for all names of a kind, at the first of them. */
  tell(mention: (mention: ModuleMention) => void): void {
    tellOne(this.respelled, 'names of variables have case on Linux:', mention);
    tellOne(this.twice, 'names that differ only in case are one variable, and the last one holds:', mention);
  }

  list(): readonly EnvironmentVariable[] {
    return this.variables.list();
  }
}

function tellOne(all: readonly Written[], what: string, mention: (mention: ModuleMention) => void): void {
  const [first] = all;
  if (first === undefined) return;
  const { file, line, column } = first;
  const named = all.slice(0, namesMentionedMax).map(({ text }) => text);
  const more = all.length > named.length ? ` and ${all.length - named.length} more` : '';
  mention({ file, line, column, code: 'variable-name-case', message: `${what} ${named.join(', ')}${more}` });
}

/** `ASPNETCORE_Kestrel__Endpoints__...` are keys of a configuration that has no case: they stay as written. */
function spelling(name: string): string {
  const upper = name.toUpperCase();
  if (upperCaseOfDotnet.has(upper)) return upper;
  return /^ASPNETCORE_[A-Z0-9_]+$/.test(upper) && !name.includes('__') ? upper : name;
}
