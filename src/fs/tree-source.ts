import type { RootTable } from './root-table.ts';

/** The root table as one lane knows it, and where that lane counts the nodes that it tells the kernel of. */
export interface TreeSource {
  readonly table: RootTable;
  /** Main's table has changes that this one has not: what is not found here may exist all the same. */
  readonly behind: boolean;
  /** See {@link RootTable.addLookups}. */
  addLookups(slot: number, count: number): void;
}
