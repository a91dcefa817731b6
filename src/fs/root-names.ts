import type { InfoHash } from '../engine/index.ts';
import { appendSuffix, insertBeforeExtension, sanitizeName } from './entry-names.ts';

export interface TorrentNaming {
  readonly infoHash: InfoHash;
  /** As the torrent gives it. */
  readonly name: string;
  /** A suffix goes before the extension, for the sake of programs that choose by it. */
  readonly isSingleFile: boolean;
  /** What the user renamed the entry to, if so: sanitised already, and given to nobody else. */
  readonly renamedTo: string | undefined;
}

export interface NameChange {
  readonly infoHash: InfoHash;
  readonly from: string | undefined;
  readonly to: string;
}

/**
 * The names of the root's entries. Pure bookkeeping, on the main thread.
 *
 * Torrents whose names are the same **all** get ` [first 8 digits of the info hash]`; where that is a name too, all 40 digits,
 * and then a count. So the names are a function of the set of torrents (with what the user renamed), not of the order in
 * which they came: every torrent keeps the names that it had to give up reserved, which makes the outcome the least one on
 * which all agree. Only a removal does not count at once: whoever has a suffix keeps it until the next mount, because
 * a program that deletes entry after entry must find the others under the names that it has read.
 */
export class RootNames {
  readonly #claims = new Map<InfoHash, Claim>();
  /** How many claims hold a name, or had to give it up. */
  readonly #interested = new Map<string, number>();
  readonly #holders = new Map<string, Claim>();

  /** A name of the mount's own, which no torrent may have. */
  reserve(name: string): readonly NameChange[] {
    return this.#settle(new Claim({ infoHash: undefined, candidate: () => name, fixed: true }));
  }

  nameOf(infoHash: InfoHash): string | undefined {
    return this.#claims.get(infoHash)?.name;
  }

  has(name: string): boolean {
    return this.#holders.has(name);
  }

  /** @returns the names of the torrent and of those that lose theirs to it */
  add(naming: TorrentNaming): readonly NameChange[] {
    const claim = claimOf(naming, this.#holders);
    this.#claims.set(naming.infoHash, claim);
    return this.#settle(claim);
  }

  remove(infoHash: InfoHash): void {
    const claim = this.#claims.get(infoHash);
    if (claim === undefined) return;
    this.#claims.delete(infoHash);
    this.#withdraw(claim);
  }

  /** @param to sanitised, and not {@link has} */
  rename(infoHash: InfoHash, to: string): readonly NameChange[] {
    const from = this.nameOf(infoHash);
    this.remove(infoHash);
    const claim = new Claim({ infoHash, candidate: () => to, fixed: true });
    this.#claims.set(infoHash, claim);
    return this.#settle(claim).map(change => (change.infoHash === infoHash ? { ...change, from } : change));
  }

  /** Gives the claim a name, and others in turn to those whose names it takes. */
  #settle(first: Claim): readonly NameChange[] {
    const formerNames = new Map<Claim, string | undefined>([[first, undefined]]);
    const unsettled = [first];
    this.#take(first, unsettled);
    for (const claim of unsettled) {
      if (!formerNames.has(claim)) formerNames.set(claim, claim.name);
      while (!claim.fixed && (this.#interested.get(claim.name) ?? 0) > 1) {
        claim.giveUpName();
        this.#take(claim, unsettled);
      }
      this.#holders.set(claim.name, claim);
    }
    return [...formerNames].flatMap(([{ infoHash, name }, from]) =>
      infoHash === undefined || name === from ? [] : [{ infoHash, from, to: name }],
    );
  }

  /** Counts the claim's name, and unsettles whoever has it. */
  #take(claim: Claim, unsettled: Claim[]): void {
    this.#interested.set(claim.name, (this.#interested.get(claim.name) ?? 0) + 1);
    const holder = this.#holders.get(claim.name);
    if (holder === undefined || holder.fixed) return;
    this.#holders.delete(claim.name);
    unsettled.push(holder);
  }

  #withdraw(claim: Claim): void {
    if (this.#holders.get(claim.name) === claim) this.#holders.delete(claim.name);
    for (const name of [...claim.givenUp, claim.name]) {
      const others = (this.#interested.get(name) ?? 0) - 1;
      if (others > 0) this.#interested.set(name, others);
      else this.#interested.delete(name);
    }
  }
}

interface ClaimOptions {
  readonly infoHash: InfoHash | undefined;
  /** The name to ask for after so many were given up. */
  readonly candidate: (attempt: number) => string;
  /** Gives no name up. */
  readonly fixed: boolean;
}

class Claim {
  readonly infoHash: InfoHash | undefined;
  readonly fixed: boolean;
  readonly givenUp: string[] = [];
  name: string;
  readonly #candidate: (attempt: number) => string;

  constructor({ infoHash, candidate, fixed }: ClaimOptions) {
    this.infoHash = infoHash;
    this.fixed = fixed;
    this.#candidate = candidate;
    this.name = candidate(0);
  }

  giveUpName(): void {
    this.givenUp.push(this.name);
    this.name = this.#candidate(this.givenUp.length);
  }
}

/** A user's name that two torrents have is the work of another hand on the journal: the later one is named like any other. */
function claimOf(
  { infoHash, name, isSingleFile, renamedTo }: TorrentNaming,
  holders: ReadonlyMap<string, Claim>,
): Claim {
  if (renamedTo !== undefined && !holders.get(renamedTo)?.fixed) {
    return new Claim({ infoHash, candidate: () => renamedTo, fixed: true });
  }
  const own = sanitizeName(renamedTo ?? (name || infoHash));
  const withSuffix = isSingleFile ? insertBeforeExtension : appendSuffix;
  const candidate = (attempt: number) => (attempt === 0 ? own : withSuffix(own, suffixOf(infoHash, attempt)));
  return new Claim({ infoHash, candidate, fixed: false });
}

function suffixOf(infoHash: InfoHash, attempt: number): string {
  if (attempt === 1) return ` [${infoHash.slice(0, 8)}]`;
  return attempt === 2 ? ` [${infoHash}]` : ` [${infoHash}-${attempt - 1}]`;
}
