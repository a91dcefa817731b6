import type { Command, Option } from 'commander';

export const shells = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof shells)[number];

/** A completion script made from the command tree itself, so that it knows what the program knows. */
export function completionScript(shell: Shell, program: Command): string {
  const commands = program
    .createHelp()
    .visibleCommands(program)
    .map(command => ({
      name: command.name(),
      summary: command.summary(),
      options: command.options.filter(option => !option.hidden).map(completionOf),
    }));
  return renderers[shell](commands);
}

interface CompletedCommand {
  readonly name: string;
  readonly summary: string;
  readonly options: readonly CompletedOption[];
}

interface CompletedOption {
  readonly flag: string;
  readonly help: string;
  /** Undefined: it takes a value of any kind. Empty: it takes none. */
  readonly values: readonly string[] | undefined;
}

function completionOf(option: Option): CompletedOption {
  const placeholder = /<(.+)>/.exec(option.flags)?.[1];
  const values = placeholder === undefined ? [] : placeholder.includes('|') ? placeholder.split('|') : undefined;
  return { flag: option.long ?? option.flags, help: option.description, values };
}

const renderers: Readonly<Record<Shell, (commands: readonly CompletedCommand[]) => string>> = {
  bash: renderBash,
  zsh: renderZsh,
  fish: renderFish,
};

function renderBash(commands: readonly CompletedCommand[]): string {
  const perCommand = commands.map(
    ({ name, options }) => `    ${name}) words="${options.map(({ flag }) => flag).join(' ')}" ;;`,
  );
  return `# bash completion of torrent-fuse
_torrent_fuse() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} words=
  case $previous in
${valueCases(commands)}
  esac
  if [[ -n $words ]]; then
    COMPREPLY=($(compgen -W "$words" -- "$current"))
    return
  fi
  if (( COMP_CWORD == 1 )); then
    COMPREPLY=($(compgen -W "${commands.map(({ name }) => name).join(' ')}" -- "$current"))
    return
  fi
  case \${COMP_WORDS[1]} in
${perCommand.join('\n')}
  esac
  if [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W "$words --help" -- "$current"))
  else
    compopt -o filenames
    COMPREPLY=($(compgen -f -- "$current"))
  fi
}
complete -F _torrent_fuse torrent-fuse
`;
}

/** One line for each option whose values are known. */
function valueCases(commands: readonly CompletedCommand[]): string {
  const known = new Map(commands.flatMap(({ options }) => options).map(({ flag, values }) => [flag, values ?? []]));
  return [...known]
    .flatMap(([flag, values]) => (values.length > 0 ? [`    ${flag}) words="${values.join(' ')}" ;;`] : []))
    .join('\n');
}

function renderZsh(commands: readonly CompletedCommand[]): string {
  const described = commands.map(({ name, summary }) => `    ${quote(`${name}:${summary}`)}`);
  const perCommand = commands.map(({ name, options }) => {
    const specs = options.map(option => `        ${quote(zshSpec(option))} \\`);
    return `      ${name})\n        _arguments \\\n${specs.join('\n')}\n        '*:file:_files' ;;`;
  });
  return `#compdef torrent-fuse
_torrent_fuse() {
  local -a commands=(
${described.join('\n')}
  )
  _arguments -C '1: :->command' '*:: :->arguments'
  case $state in
    command) _describe command commands ;;
    arguments)
      case $words[1] in
${perCommand.join('\n')}
      esac ;;
  esac
}
compdef _torrent_fuse torrent-fuse
`;
}

function zshSpec({ flag, help, values }: CompletedOption): string {
  const text = help.replace(/[[\]\\:]/g, '\\$&');
  if (values === undefined) return `${flag}=[${text}]:value:_files`;
  return values.length === 0 ? `${flag}[${text}]` : `${flag}=[${text}]:value:(${values.join(' ')})`;
}

function renderFish(commands: readonly CompletedCommand[]): string {
  const lines = commands.flatMap(({ name, summary, options }) => [
    `complete -c torrent-fuse -n __fish_use_subcommand -f -a ${name} -d ${quote(summary)}`,
    ...options.map(option => fishLine(name, option)),
  ]);
  return `# fish completion of torrent-fuse\n${lines.join('\n')}\n`;
}

function fishLine(command: string, { flag, help, values }: CompletedOption): string {
  const takes = values === undefined ? ' -r' : values.length === 0 ? '' : ` -x -a ${quote(values.join(' '))}`;
  const condition = quote(`__fish_seen_subcommand_from ${command}`);
  return `complete -c torrent-fuse -n ${condition} -l ${flag.replace(/^--/, '')}${takes} -d ${quote(help)}`;
}

/** In single quotes, for all three shells. */
function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
