/** Completion scripts for shells, made from the tree of commands. */
import type { Command, Option } from 'commander';

/** The shells that have a completion script. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** The hidden command that prints the keys of flags, given the words of a command line. */
export const KEYS_COMMAND = '__flags';

/** A command, its full name without the program's, and the words that may follow it. */
interface Node {
  readonly path: readonly string[];
  readonly children: readonly Command[];
  /** The values of its arguments, where they are a choice. */
  readonly choices: readonly string[];
  readonly options: readonly Option[];
  /** True if its first argument is the key of a flag. */
  readonly takesFlag: boolean;
}

/** Returns the script that makes a shell complete the commands and options of a program. */
export function completionOf(program: Command, shell: Shell): string {
  const nodes = nodesOf(program, []);
  switch (shell) {
    case 'bash':
      return bash(program.name(), nodes);
    case 'zsh':
      // zsh runs the script of bash.
      return `autoload -U +X bashcompinit && bashcompinit\n${bash(program.name(), nodes)}`;
    case 'fish':
      return fish(program.name(), nodes);
  }
}

function nodesOf(command: Command, path: readonly string[]): readonly Node[] {
  const help = command.createHelp();
  const children = help.visibleCommands(command).filter(child => child.name() !== 'help');
  const choices = command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []);
  const takesFlag = command.registeredArguments[0]?.name() === 'flag';
  const node = { path, children, choices, options: help.visibleOptions(command), takesFlag };
  return [node, ...children.flatMap(child => nodesOf(child, [...path, child.name()]))];
}

function bash(name: string, nodes: readonly Node[]): string {
  const cases = nodes.map(({ path, children, choices, options, takesFlag }) => {
    const words = [...children.map(child => child.name()), ...choices, ...options.flatMap(({ long }) => long ?? [])];
    // The key of a flag stands first.
    const keys = takesFlag ? ` [[ $before == ${path.at(-1)} ]] && words+=" $(_${name}_flags)"` : '';
    return `    '${path.join(' ')}') words='${words.join(' ')}'${keys ? `;${keys}` : ''} ;;`;
  });
  // The words, or the keys of flags, or the files, that are the value of an option of a command.
  const values = nodes.flatMap(({ path, options }) =>
    options.flatMap(option => {
      const value = option.argChoices?.join(' ') ?? (isOfFlags(option) ? `$(_${name}_flags)` : isOfFiles(option) ? '' : undefined);
      return option.long && value !== undefined ? [`    '${[...path, option.long].join(' ')}') words="${value}" ;;`] : [];
    }),
  );
  return `_${name}_flags() {
  ${name} ${KEYS_COMMAND} "\${COMP_WORDS[@]:1:COMP_CWORD-1}" 2>/dev/null
}
_${name}() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD - 1]} found= words= each
  COMPREPLY=()
  for each in "\${COMP_WORDS[@]:1:$((COMP_CWORD - 1))}"; do
    case "\${found:+$found }$each" in
      ${nodes
        .filter(({ path }) => path.length > 0)
        .map(({ path }) => `'${path.join(' ')}'`)
        .join('|')}) found="\${found:+$found }$each" ;;
    esac
  done
  case "$found" in
${cases.join('\n')}
  esac
  case "\${found:+$found }$before" in
${values.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
# If twinflag has no word to offer, the shell completes files.
complete -o default -F _${name} ${name}
`;
}

function fish(name: string, nodes: readonly Node[]): string {
  const groups = nodes.filter(({ path, children }) => path.length > 0 && children.length > 0).flatMap(({ path }) => path);
  return nodes
    .map(({ path, children, choices, options, takesFlag }) => {
      const seen = path.map(word => `__fish_seen_subcommand_from ${word}`);
      // Of a group: none of its commands. Of a single command: no group, which may have a command of the same name.
      const others = children.length > 0 ? children.map(child => child.name()) : path.length === 1 ? groups : [];
      const none = others.length > 0 ? [`not __fish_seen_subcommand_from ${others.join(' ')}`] : [];
      const here = [...seen, ...none].join('; and ');
      const line = (rest: string): string => `complete -c ${name} -n '${here}' ${rest}\n`;
      return [
        ...(takesFlag ? [line(`-f -a ${quoted(fishFlags(name))}`)] : []),
        ...(choices.length > 0 ? [line(`-f -a ${quoted(choices.join(' '))}`)] : []),
        ...children.map(child => line(`-f -a ${child.name()} -d ${quoted(child.description())}`)),
        ...options.flatMap(option => {
          if (!option.long) return [];
          const value = option.argChoices
            ? ` -x -a ${quoted(option.argChoices.join(' '))}`
            : isOfFlags(option)
              ? ` -x -a ${quoted(fishFlags(name))}`
              : isOfFiles(option)
                ? ' -r'
                : option.required
                  ? ' -x'
                  : '';
          return [line(`-l ${option.long.slice(2)}${value} -d ${quoted(option.description)}`)];
        }),
      ].join('');
    })
    .join('');
}

/** Returns true if the value of an option is a path. */
function isOfFiles({ flags }: Option): boolean {
  return /<(file|folder)>/.test(flags);
}

/** Returns true if the value of an option is the key of a flag. */
function isOfFlags({ flags }: Option): boolean {
  return flags.includes('<flag>');
}

/** Returns the command of fish that prints the keys of flags. */
function fishFlags(name: string): string {
  return `(set -l words (commandline -opc); ${name} ${KEYS_COMMAND} $words[2..] 2>/dev/null)`;
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
