import type { Command } from 'commander';
import { nearest } from '../../config/nearest.ts';
import type { CliContext } from '../context.ts';
import { control, type PathSettings } from '../control.ts';
import { UsageError } from '../errors.ts';
import { locate } from '../path-location.ts';

/** The values of each setting, as they are written and as they are told. */
const settings: Readonly<Record<string, Readonly<Record<string, PathSettings>>>> = {
  policy: { wait: { policy: 'wait' }, eagain: { policy: 'eagain' }, default: { policy: 'default' } },
  pin: { yes: { pin: true }, no: { pin: false } },
  priority: { low: { priority: 'low' }, normal: { priority: 'normal' }, high: { priority: 'high' } },
};

export function addSetCommand(program: Command, context: CliContext): void {
  program
    .command('set')
    .summary('set how a file or folder of a mount is read and downloaded')
    .description(
      'Sets, for a file or a folder of a mount: policy=wait|eagain|default (what a read of missing bytes does), pin=yes|no (all of it is ' +
        'downloaded and kept), priority=low|normal|high. Kept across restarts.',
    )
    .argument('<PATH>', 'a path in the mount')
    .argument('<SETTING...>', 'such as policy=eagain or pin=yes')
    .action(async (path: string, assignments: string[]) => {
      const wanted = parseSettings(assignments);
      const { mountpoint, relativePath } = locate(path, context);
      await control(mountpoint, { command: 'set', path: relativePath, ...wanted });
      context.out.line(`set: ${assignments.join(' ')}`);
    });
}

/** @throws UsageError */
export function parseSettings(assignments: readonly string[]): PathSettings {
  return Object.assign({}, ...assignments.map(parseSetting));
}

function parseSetting(assignment: string): PathSettings {
  const [name = '', value] = assignment.split('=');
  const values = settings[name];
  if (values === undefined) {
    const meant = nearest(name, Object.keys(settings));
    throw new UsageError(
      `"${name}" is no setting; ${meant ? `did you mean ${meant}?` : `there are ${Object.keys(settings).join(', ')}`}`,
    );
  }
  const setting = value === undefined ? undefined : values[value];
  if (setting === undefined) throw new UsageError(`${assignment}: write ${name}=${Object.keys(values).join('|')}`);
  return setting;
}
