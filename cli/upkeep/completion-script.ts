// The completion scripts of three shells, out of the same words.
import type { CompletedCommand, Values } from './completion-words.ts';

type Shell = 'bash' | 'zsh' | 'fish';

export const completionScripts: Readonly<Record<Shell, (commands: readonly CompletedCommand[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

/** Within single quotes of a shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** The words of each command's path, joined: the key of the scripts' tables. */
function keyOf({ path }: CompletedCommand): string {
  return path.join(' ');
}

/** Shell code that finds `at`, the command that stands before the cursor, among the words there. */
function findCommand(commands: readonly CompletedCommand[], words: string): string {
  const cases = commands.filter(({ path }) => path.length > 0).map((command) => quoted(keyOf(command)));
  return `  local at='' word
  for word in ${words}; do
    case "\${at:+$at }$word" in
      ${cases.join('|')}) at="\${at:+$at }$word" ;;
    esac
  done`;
}

// Bash 3.2, which macOS still has, knows no compopt and no associative arrays: the script does without them.
function bashScript(commands: readonly CompletedCommand[]): string {
  const offer = (values: Values) =>
    values === 'path'
      ? '_jepa_paths "$current"'
      : values === 'unknown'
        ? ':'
        : `COMPREPLY=($(compgen -W ${quoted(values.join(' '))} -- "$current"))`;
  const valued = commands.flatMap((command) =>
    command.options.flatMap(({ names, values }) =>
      values === undefined
        ? []
        : [`    ${names.map((name) => quoted(`${keyOf(command)} ${name}`)).join('|')}) ${offer(values)}; return ;;`],
    ),
  );
  const cases = commands.map((command) => {
    const options = command.options.flatMap(({ names }) => names).join(' ');
    const names = command.subcommands.map(({ name }) => name);
    const words = offer(names.length > 0 ? names : command.values);
    return `    ${quoted(keyOf(command))})
      case "$current" in
        -*) COMPREPLY=($(compgen -W ${quoted(options)} -- "$current")) ;;
        *) ${words} ;;
      esac ;;`;
  });
  return `# Completion of jepa for bash: eval "$(jepa completion bash)"
_jepa_paths() {
  local IFS=$'\\n'
  COMPREPLY=($(compgen -f -- "$1"))
  compopt -o filenames 2>/dev/null
  return 0
}
_jepa() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}"
  # --option=value comes as three words.
  if [ "$current" = '=' ]; then current=''
  elif [ "$previous" = '=' ]; then previous="\${COMP_WORDS[COMP_CWORD-2]}"; fi
${findCommand(commands, `"\${COMP_WORDS[@]:1:COMP_CWORD-1}"`)}
  COMPREPLY=()
  case "$at $previous" in
${valued.join('\n')}
  esac
  case "$at" in
${cases.join('\n')}
  esac
}
complete -F _jepa jepa
`;
}

function zshScript(commands: readonly CompletedCommand[]): string {
  const described = (name: string, description: string) =>
    quoted(`${name.replaceAll(':', '\\:')}:${description.replaceAll(':', '\\:')}`);
  const offer = (values: Values) =>
    values === 'path' ? '_files' : values === 'unknown' ? ':' : `compadd -- ${values.map(quoted).join(' ')}`;
  const valued = commands.flatMap((command) =>
    command.options.flatMap(({ names, values }) =>
      values === undefined
        ? []
        : [`    (${names.map((name) => quoted(`${keyOf(command)} ${name}`)).join('|')}) ${offer(values)}; return ;;`],
    ),
  );
  const cases = commands.map((command) => {
    const options = command.options.flatMap(({ names, description }) =>
      names.map((name) => described(name, description)),
    );
    const words =
      command.subcommands.length > 0
        ? `entries=(${command.subcommands.map(({ name, description }) => described(name, description)).join(' ')})
          _describe command entries`
        : offer(command.values);
    return `    (${quoted(keyOf(command))})
      if [[ "$current" == -* ]]; then
          entries=(${options.join(' ')})
          _describe option entries
      else
          ${words}
      fi ;;`;
  });
  return `#compdef jepa
# Completion of jepa for zsh: a file _jepa in a folder of $fpath.
_jepa() {
  local current="$words[CURRENT]" previous="$words[CURRENT-1]"
  local -a entries
${findCommand(commands, `"\${(@)words[2,CURRENT-1]}"`)}
  case "$at $previous" in
${valued.join('\n')}
  esac
  case "$at" in
${cases.join('\n')}
  esac
}
if [ "$funcstack[1]" = '_jepa' ]; then _jepa "$@"; else compdef _jepa jepa; fi
`;
}

function fishScript(commands: readonly CompletedCommand[]): string {
  const lines = commands.flatMap((command) => {
    const here = `-n ${quoted(`__jepa_at ${quoted(keyOf(command))}`)}`;
    const words = command.subcommands.map(
      ({ name, description }) => `complete -c jepa -f ${here} -a ${quoted(name)} -d ${quoted(description)}`,
    );
    const values =
      typeof command.values !== 'string'
        ? [`complete -c jepa -f ${here} -a ${quoted(command.values.join(' '))}`]
        : command.values === 'path'
          ? [`complete -c jepa -F ${here}`]
          : [];
    const options = command.options.map(({ names, description, values: taken }) => {
      const flags = names.map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`));
      const value =
        taken === undefined
          ? []
          : taken === 'path'
            ? ['-r', '-F']
            : taken === 'unknown'
              ? ['-x']
              : ['-x', '-a', quoted(taken.join(' '))];
      return `complete -c jepa ${[here, ...flags, ...value].join(' ')} -d ${quoted(description)}`;
    });
    return [...words, ...(words.length > 0 ? [] : values), ...options];
  });
  const paths = commands.filter(({ path }) => path.length > 0).map((command) => quoted(keyOf(command)));
  return `# Completion of jepa for fish: ~/.config/fish/completions/jepa.fish
function __jepa_at
  set -l at ''
  for word in (commandline -opc)[2..-1]
    switch (string trim "$at $word")
      case ${paths.join(' ')}
        set at (string trim "$at $word")
    end
  end
  test "$at" = "$argv[1]"
end
complete -c jepa -f
${lines.join('\n')}
`;
}
