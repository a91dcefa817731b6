import type { Command } from 'commander';
import { countInWords } from '../../observe/words.ts';
import { addConfigFlags, loadConfigOf } from '../config-flags.ts';
import type { CliContext } from '../context.ts';
import { examine } from '../doctor/examine.ts';
import type { Finding } from '../doctor/finding.ts';
import { SilentFailure } from '../errors.ts';
import { jsonOutput } from '../json-output.ts';
import { printable, toColumns } from '../render/printable.ts';
import type { Style } from '../render/style.ts';

export function addDoctorCommand(program: Command, context: CliContext): void {
  const command = program
    .command('doctor')
    .summary('check what mounting needs, and say what to install')
    .description(
      'Looks at the kernel, /dev/fuse, its helpers, the engines and the data directory. Changes nothing. Exits with 1 when ' +
        'nothing can be mounted.',
    )
    .option('--json', 'print JSON');
  addConfigFlags(command).action(async ({ json }: { json?: true }) => {
    const findings = await examine(() => loadConfigOf(command, context), context);
    if (json) context.out.line(jsonOutput('doctor', { findings }));
    else for (const line of findingLines(findings, context.out.style)) context.out.line(line);
    if (findings.some(({ level }) => level === 'fail')) throw new SilentFailure();
  });
}

export function findingLines(findings: readonly Finding[], style: Style): string[] {
  const nameColumns = Math.max(...findings.map(({ name }) => name.length));
  const colours = { ok: style.green, warn: style.yellow, fail: style.red };
  const lines = findings.flatMap(({ name, level, detail, advice }) => [
    `${colours[level](level.padEnd(4))}  ${toColumns(name, nameColumns)}  ${printable(detail)}`,
    ...(advice === undefined ? [] : [`${' '.repeat(nameColumns + 8)}→ ${printable(advice)}`]),
  ]);
  return [...lines, '', summaryOf(findings)];
}

function summaryOf(findings: readonly Finding[]): string {
  const failures = findings.filter(({ level }) => level === 'fail').length;
  return failures === 0
    ? 'Ready to mount.'
    : `${countInWords(failures, 'problem')} to solve before anything can be mounted.`;
}
