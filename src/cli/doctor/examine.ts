import { release } from 'node:os';
import { ConfigError } from '../../config/errors.ts';
import { defaultConfig, type LoadedConfig } from '../../config/load-config.ts';
import type { CliContext } from '../context.ts';
import { checkDataDirectory } from './data-checks.ts';
import { checkEngines } from './engine-checks.ts';
import { type Finding, fail, ok, warn } from './finding.ts';
import { checkConnections, checkFuse } from './fuse-checks.ts';
import { judgeKernel, judgeNode } from './kernel.ts';

/** Looks at all that a mount needs, and changes nothing. */
export async function examine(load: () => LoadedConfig, context: CliContext): Promise<Finding[]> {
  const isRoot = context.uid === 0;
  const { config, findings } = checkConfiguration(load);
  return [
    judgeNode(process.versions.node),
    judgeKernel(release(), isRoot),
    ...checkFuse(context.environment, isRoot),
    checkConnections(isRoot),
    ...findings,
    checkDataDirectory(config, context),
    ...(await checkEngines(config, context.environment)),
  ];
}

function checkConfiguration(load: () => LoadedConfig): { config: LoadedConfig['config']; findings: Finding[] } {
  const name = 'configuration';
  try {
    const { config, file, warnings } = load();
    const problems = warnings.map(warning => warn(name, warning, "see 'torrent-fuse config'"));
    return { config, findings: [ok(name, file ?? 'no file, which is fine'), ...problems] };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return {
      config: defaultConfig,
      findings: [fail(name, error.message, 'correct it; docs/CONFIGURATION.md lists every option')],
    };
  }
}
