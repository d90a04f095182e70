/** The verb table as data, taken from what commander is told: completions and the reference page are made of it. */
import type { Argument, Command, Option } from 'commander';

export interface Verb {
  /** [] = the program itself, `['pool', 'list']`. */
  readonly path: readonly string[];
  readonly summary: string;
  /** `<name>`, `[path]`. */
  readonly arguments: readonly string[];
  /** Words that an argument is one of. */
  readonly choices: readonly string[];
  readonly options: readonly VerbOption[];
  readonly verbs: readonly Verb[];
}

export interface VerbOption {
  /** `--json`, with its value: `--admin <socket-or-url>`. */
  readonly flags: string;
  readonly long: string;
  readonly summary: string;
  readonly choices: readonly string[];
}

/** Hidden ones are left out. */
export function verbsOf(command: Command, path: readonly string[] = []): Verb {
  const shown = command.createHelp().visibleCommands(command);
  return {
    path,
    summary: command.description(),
    arguments: command.registeredArguments.map(argumentText),
    choices: command.registeredArguments.flatMap(({ argChoices = [] }) => argChoices),
    options: command.options.filter((option) => !option.hidden).map(optionOf),
    verbs: shown.filter((one) => one.name() !== 'help').map((one) => verbsOf(one, [...path, one.name()])),
  };
}

/** The verb and all below it. */
export function allVerbs(verb: Verb): readonly Verb[] {
  return [verb, ...verb.verbs.flatMap(allVerbs)];
}

function argumentText(argument: Argument): string {
  const name = argument.argChoices === undefined ? argument.name() : argument.argChoices.join('|');
  const text = argument.variadic ? `${name}...` : name;
  return argument.required ? `<${text}>` : `[${text}]`;
}

function optionOf({ flags, long, short, description, argChoices = [] }: Option): VerbOption {
  return { flags, long: long ?? short ?? '', summary: description, choices: argChoices };
}
