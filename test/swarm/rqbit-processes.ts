import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { rqbitBinary } from './rqbit-server.ts';

/** The rqbit processes of this machine whose session lies in the folder that an engine gave them. */
export async function rqbitProcessesOver(folder: string): Promise<number[]> {
  const pids = (await readdir('/proc')).map(Number).filter(Number.isInteger);
  const commandLines = await Promise.all(
    pids.map(async pid => ({ pid, words: await wordsOf(pid).catch((): readonly string[] => []) })),
  );
  const session = join(folder, 'session');
  return commandLines
    .filter(({ words }) => words[0] === rqbitBinary() && words.includes(session))
    .map(({ pid }) => pid);
}

async function wordsOf(pid: number): Promise<readonly string[]> {
  return (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0');
}
