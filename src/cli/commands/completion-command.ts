import { Argument, type Command } from 'commander';
import { completionScript, shells } from '../completion.ts';
import type { CliContext } from '../context.ts';

export function addCompletionCommand(program: Command, context: CliContext): void {
  program
    .command('completion')
    .summary('print a completion script for bash, zsh or fish')
    .description('Prints a script that completes commands and options in a shell.')
    .addArgument(new Argument('<SHELL>', 'the shell').choices(shells))
    .addHelpText('after', examples)
    .action((shell: (typeof shells)[number]) => context.out.write(completionScript(shell, program)));
}

const examples = `
Examples:
  source <(torrent-fuse completion bash)          # in ~/.bashrc
  source <(torrent-fuse completion zsh)           # in ~/.zshrc, after compinit
  torrent-fuse completion fish > ~/.config/fish/completions/torrent-fuse.fish`;
