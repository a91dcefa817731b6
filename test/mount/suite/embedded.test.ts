import { afterAll, beforeAll, inject } from 'vitest';
import { LOOPBACK_ONLY } from '../harness/mount-process.ts';
import { createScratchFolder, removeScratchFolder } from '../harness/scratch.ts';
import { describeFileSuite } from './file-suite.ts';
import { byNobody, byRoot } from './over-corpus.ts';

let scratch: string;

beforeAll(async () => {
  scratch = await createScratchFolder();
});
afterAll(() => removeScratchFolder(scratch));

const mounted = () => ({ corpus: inject('corpus'), folder: () => scratch, engine: () => LOOPBACK_ONLY });

describeFileSuite('mounted by root from .torrent files, over the embedded engine', () => byRoot(mounted()));
describeFileSuite('mounted by an ordinary user from magnets, over the embedded engine', () => byNobody(mounted()));
