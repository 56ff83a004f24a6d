/** Scripts that let shells complete the command line, made from its commands and options. */
import type { Command, Option } from "commander";

/** A command as shells see it. */
interface Entry {
  readonly name: string;
  readonly about: string;
  readonly options: readonly Option[];
  readonly words: readonly string[];
}

const entriesOf = (program: Command): Entry[] =>
  program.commands.map((command) => ({
    name: command.name(),
    about: command.description(),
    options: [...command.options, command.createOption("-h, --help", "this text")],
    words: command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []),
  }));

const longOf = (option: Option): string => option.long ?? option.short!;

/** The choices of options that have some, as cases of a shell. */
const casesOf = (options: readonly Option[]): string =>
  options
    .filter(({ argChoices }) => argChoices !== undefined)
    .map(
      (option) =>
        `        ${longOf(option)}) COMPREPLY=($(compgen -W "${option.argChoices!.join(" ")}" -- "$cur")); return ;;\n`,
    )
    .join("");

function bash(name: string, entries: readonly Entry[]): string {
  const commands = entries
    .map(
      ({ name: command, options, words }) => `    ${command})
      case "$prev" in
${casesOf(options)}      esac
      if [[ "$cur" == -* ]]; then COMPREPLY=($(compgen -W "${options.map(longOf).join(" ")}" -- "$cur"))
      else COMPREPLY=($(compgen ${words.length > 0 ? `-W "${words.join(" ")}"` : "-f"} -- "$cur")); fi ;;
`,
    )
    .join("");
  return `# bash completion: source <(${name} completion bash)
_${name}() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD-1]}"
  if [[ "$COMP_CWORD" == 1 ]]; then
    COMPREPLY=($(compgen -W "${entries.map((entry) => entry.name).join(" ")} --help --version" -- "$cur"))
    return
  fi
  case "\${COMP_WORDS[1]}" in
${commands}  esac
}
complete -o filenames -F _${name} ${name}
`;
}

/** Text between single quotes of a shell, in which zsh also reads brackets and colons. */
const quoted = (text: string): string => text.replaceAll("'", "’").replaceAll(/[[\]:]/g, (c) => `\\${c}`);

function zshOption(option: Option): string {
  const value = option.required ? `:value:${option.argChoices ? `(${option.argChoices.join(" ")})` : "_files"}` : "";
  return `'${longOf(option)}[${quoted(option.description)}]${value}'`;
}

function zsh(name: string, entries: readonly Entry[]): string {
  const commands = entries
    .map(({ name: command, options, words }) => {
      const rest = words.length > 0 ? `'*:word:(${words.join(" ")})'` : "'*:file:_files'";
      return `    ${command}) _arguments ${[...options.map(zshOption), rest].join(" ")} ;;\n`;
    })
    .join("");
  return `#compdef ${name}
# zsh completion: source <(${name} completion zsh)
_${name}() {
  if (( CURRENT == 2 )); then
    local -a commands=(${entries.map(({ name: command, about }) => `'${command}:${quoted(about)}'`).join(" ")})
    _describe command commands
    return
  fi
  local command="$words[2]"
  shift words; (( CURRENT-- ))
  case "$command" in
${commands}  esac
}
compdef _${name} ${name}
`;
}

function fish(name: string, entries: readonly Entry[]): string {
  const plain = (text: string): string => text.replaceAll("'", "’");
  const lines = entries.flatMap(({ name: command, about, options, words }) => {
    const within = `complete -c ${name} -n '__fish_seen_subcommand_from ${command}'`;
    return [
      `complete -c ${name} -f -n __fish_use_subcommand -a ${command} -d '${plain(about)}'`,
      ...(words.length > 0 ? [`${within} -f -a '${words.join(" ")}'`] : []),
      ...options.map((option) => {
        const value = option.argChoices ? ` -x -a '${option.argChoices.join(" ")}'` : option.required ? " -r" : "";
        return `${within} -l ${longOf(option).slice(2)}${value} -d '${plain(option.description)}'`;
      }),
    ];
  });
  return `# fish completion: ${name} completion fish | source\n${lines.join("\n")}\n`;
}

const shells = { bash, zsh, fish } as const;

/** A shell that can be taught. */
export type Shell = keyof typeof shells;

/** Their names. */
export const shellNames = Object.keys(shells) as Shell[];

/** The script for a shell. */
export const completionOf = (shell: Shell, program: Command): string =>
  shells[shell](program.name(), entriesOf(program));
