import type { mount } from '../mount/index.ts';
import type { Terminal } from './terminal.ts';

/** What a command has to do with the world: everything it may ask of it or tell it. */
export interface CliContext {
  readonly out: Terminal;
  readonly err: Terminal;
  readonly environment: NodeJS.ProcessEnv;
  /** The working directory, where relative paths start. */
  readonly directory: string;
  readonly uid: number;
  /** The script that runs, to run it again as a daemon. */
  readonly script: string;
  /** Loads the composition root, and all that lies under it: only the commands that mount pay for that. */
  loadMount(): Promise<{ readonly mount: typeof mount }>;
}
