import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import { runDemo } from '../demo.ts';

export function addDemoCommand(program: Command, context: CliContext): void {
  program
    .command('demo')
    .summary('mount a sample that is seeded on this machine, read and verify it')
    .description(
      'Shows in a few seconds that everything works here: makes a sample, seeds it on loopback, mounts it, reads it through the ' +
        'mount, compares the bytes, unmounts and cleans up. Nothing leaves this machine, and nothing is left behind.',
    )
    .action(() => runDemo(context));
}
