/** `sluice completion`: a script for the shell, made of the verb table. */
import { unreachable } from '../../config/base/invariant.js';
import { allVerbs, type Verb } from './verbs.js';

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

export function completionScript(shell: Shell, root: Verb): string {
  switch (shell) {
    case 'bash':
      return bash(root);
    case 'zsh':
      return zsh(root);
    case 'fish':
      return fish(root);
    default:
      return unreachable(shell);
  }
}

function keyOf({ path }: Verb): string {
  return path.join(' ');
}

function wordsOf({ verbs, choices, options }: Verb): readonly string[] {
  return [...verbs.map(({ path }) => path.at(-1) ?? ''), ...choices, ...options.map(({ long }) => long)];
}

/** Options whose value is one of a few words, behind their verb. */
function valuesOf(root: Verb): readonly (readonly [option: string, words: string])[] {
  return allVerbs(root).flatMap((verb) =>
    verb.options
      .filter(({ choices }) => choices.length > 0)
      .map(({ long, choices }) => [`${spaced(verb)} ${long}`, choices.join(' ')] as const),
  );
}

function bash(root: Verb): string {
  const verbs = allVerbs(root);
  const values = valuesOf(root).map(([option, words]) => `    '${option}') words='${words}' ;;`);
  return `# bash completion for sluice: source <(sluice completion bash)
_sluice() {
  local current="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" at='' words='' i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$at \${COMP_WORDS[i]}" in
${patterns(verbs)}) at="$at \${COMP_WORDS[i]}" ;;
    esac
  done
  case "$at" in
${verbs.map((verb) => `    '${spaced(verb)}') words='${wordsOf(verb).join(' ')}' ;;`).join('\n')}
  esac
  case "$at $before" in
${values.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _sluice sluice
`;
}

function spaced(verb: Verb): string {
  return verb.path.map((word) => ` ${word}`).join('');
}

function patterns(verbs: readonly Verb[]): string {
  const below = verbs.filter(({ path }) => path.length > 0);
  return `      ${below.map((verb) => `'${spaced(verb)}'`).join('|')}`;
}

function zsh(root: Verb): string {
  const verbs = allVerbs(root);
  const cases = verbs.map((verb) => {
    const described = verb.verbs.map(({ path, summary }) => quoted(`${path.at(-1)}:${summary}`));
    const more = [...verb.choices, ...verb.options.map(({ long }) => long)];
    return `    '${spaced(verb)}')
      verbs=(${described.join(' ')})
      (( $#verbs )) && _describe command verbs
      compadd -- ${more.join(' ')}
      ;;`;
  });
  return `#compdef sluice
# zsh completion for sluice: sluice completion zsh > "\${fpath[1]}/_sluice"
_sluice() {
  local at='' word
  local -a verbs
  for word in \${words[2,CURRENT-1]}; do
    case "$at $word" in
${patterns(verbs)}) at="$at $word" ;;
    esac
  done
  case "$at" in
${cases.join('\n')}
  esac
  _files
}
compdef _sluice sluice
# Loaded from fpath, this file is the function's first call.
if [ "$funcstack[1]" = "_sluice" ]; then _sluice; fi
`;
}

function fish(root: Verb): string {
  const lines = allVerbs(root).flatMap((verb) => {
    const at = `-n ${quoted(`__sluice_at ${keyOf(verb)}`)}`;
    return [
      ...verb.verbs.map(({ path, summary }) => `complete -c sluice ${at} -a ${path.at(-1)} -d ${quoted(summary)}`),
      ...(verb.choices.length > 0 ? [`complete -c sluice ${at} -a ${quoted(verb.choices.join(' '))}`] : []),
      ...verb.options.map(({ long, summary, choices }) => {
        const values = choices.length > 0 ? ` -xa ${quoted(choices.join(' '))}` : '';
        return `complete -c sluice ${at} -l ${long.replace(/^--/, '')}${values} -d ${quoted(summary)}`;
      }),
    ];
  });
  const known = allVerbs(root)
    .filter(({ path }) => path.length > 0)
    .map((verb) => quoted(keyOf(verb)));
  return `# fish completion for sluice: sluice completion fish > ~/.config/fish/completions/sluice.fish
set -g __sluice_verbs ${known.join(' ')}
function __sluice_at
  set -l at
  for word in (commandline -opc)[2..]
    contains -- (string join -- ' ' $at $word) $__sluice_verbs; and set -a at $word
  end
  test "$at" = "$argv"
end
${lines.join('\n')}
`;
}

/** For shells with POSIX quoting; fish takes \\' inside quotes as well, and our texts have no backslash. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
