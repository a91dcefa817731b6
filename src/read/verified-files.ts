import type { FileId, FileState } from '../engine/index.ts';

/** What is known of the files on disk: in which state each was hashed, and with what result. Kept across mounts by whoever makes it. */
export interface VerifiedFiles {
  get(file: FileId): Verdict | undefined;
  set(file: FileId, verdict: Verdict): void;
}

export interface Verdict {
  /** The file's state before and after every piece of it was hashed. */
  readonly state: FileState;
  /** Whether all pieces matched. */
  readonly isGood: boolean;
}

/** Remembers for as long as the process lives. One entry for each file that was ever hashed whole. */
export function rememberVerifiedFiles(): VerifiedFiles {
  const verdicts = new Map<string, Verdict>();
  const keyOf = ({ infoHash, fileIndex }: FileId): string => `${infoHash}/${fileIndex}`;
  return {
    get: file => verdicts.get(keyOf(file)),
    set: (file, verdict) => verdicts.set(keyOf(file), verdict),
  };
}
