import type { Command } from 'commander';
import { nearest } from '../../config/nearest.ts';
import { readTimeout } from '../../config/options.ts';
import { messageOf } from '../../util/error-facts.ts';
import type { CliContext } from '../context.ts';
import { control, type PathSettings } from '../control.ts';
import { UsageError } from '../errors.ts';
import { locate } from '../path-location.ts';

/** Reads the value of each setting, as it is written. */
const settings: Readonly<Record<string, (value: string) => PathSettings | undefined>> = {
  policy: oneOf({ wait: { policy: 'wait' }, eagain: { policy: 'eagain' }, default: { policy: null } }),
  timeout: value => ({ timeoutMs: value === 'default' ? null : parseTimeout(value) }),
  pin: oneOf({ yes: { pin: true }, no: { pin: false }, default: { pin: null } }),
  priority: oneOf({
    low: { priority: 'low' },
    normal: { priority: 'normal' },
    high: { priority: 'high' },
    default: { priority: null },
  }),
};

/** As the help and the errors show them. */
const forms = ['policy=wait|eagain', 'timeout=30s', 'pin=yes|no', 'priority=low|normal|high'];

export function addSetCommand(program: Command, context: CliContext): void {
  program
    .command('set')
    .summary('set how a file or folder of a mount is read and downloaded')
    .description(
      'Sets, for a file or a folder of a mount and what is below it: policy=wait|eagain (what a read of missing bytes does), ' +
        'timeout=30s (how long it waits without progress), pin=yes|no (what is there is downloaded, read or not), ' +
        'priority=low|normal|high (which reads come first). The value default takes a setting back. Kept across restarts.',
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
  const [name = '', value = ''] = assignment.split('=');
  const parse = settings[name];
  if (parse === undefined) {
    const meant = nearest(name, Object.keys(settings));
    throw new UsageError(
      `"${name}" is no setting; ${meant ? `did you mean ${meant}?` : `there are ${forms.join(', ')}`}`,
    );
  }
  const setting = parse(value);
  const form = forms.find(each => each.startsWith(`${name}=`));
  if (setting === undefined) throw new UsageError(`"${assignment}" sets nothing: write ${form} or ${name}=default`);
  return setting;
}

function oneOf(values: Readonly<Record<string, PathSettings>>): (value: string) => PathSettings | undefined {
  return value => (Object.hasOwn(values, value) ? values[value] : undefined);
}

function parseTimeout(value: string): number {
  try {
    return readTimeout.fromText(value, '');
  } catch (error) {
    throw new UsageError(`timeout: ${messageOf(error)}`, { cause: error });
  }
}
