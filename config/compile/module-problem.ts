/** What is wrong with an element of web.config, and the form that entries of its collections share. */
import { shown } from '../base/units.js';
import type { XmlElement } from '../load/read-xml.js';

/** An element with the file it stands in. */
export interface ElementOf {
  readonly file: string;
  readonly element: XmlElement;
}

export interface ModuleProblem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
  readonly remedy: string;
  /** 19 = IIS refuses the file; 0 = the module refuses its settings. */
  readonly subStatus: 0 | 19;
}

export interface ModuleMention {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
  /** Of the diagnostic; absent = it does not act. */
  readonly code?: string;
}

/** What is wrong with an element is thrown as this, and caught where the application is compiled. */
export class ModuleRefusal extends Error {
  readonly problem: ModuleProblem;
  constructor(problem: ModuleProblem) {
    super(problem.message);
    this.problem = problem;
  }
}

/** IIS's own attributes, allowed on every element. */
export const lockAttributes =
  /^(?:lock(?:All)?(?:Attributes|Elements)(?:Except)?|lockItem|lockAllAttributesExcept|lockAllElementsExcept)$/;

/** The `name` and `value` of an entry of a collection; both have to be there. Throws ModuleRefusal. */
export function namedValue(file: string, entry: XmlElement): { readonly name: string; readonly value: string } {
  for (const [name, attribute] of entry.attributes) {
    if (name !== 'name' && name !== 'value' && !lockAttributes.test(name))
      throw refusal(file, attribute, `${name} is not an attribute of ${entry.name}`, 'name and value are');
  }
  const name = entry.attributes.get('name')?.value.trim() ?? '';
  const value = entry.attributes.get('value')?.value;
  if (name === '') throw refusal(file, entry, `${entry.name} needs a name`, 'write name="NAME" value="..."');
  if (value === undefined) throw refusal(file, entry, `${entry.name} ${shown(name)} has no value`, 'write value=""');
  return { name, value };
}

export function refusal(
  file: string,
  where: { readonly line: number; readonly column: number },
  message: string,
  remedy = '',
  subStatus: 0 | 19 = 19,
): ModuleRefusal {
  return new ModuleRefusal({ file, line: where.line, column: where.column, message, remedy, subStatus });
}
