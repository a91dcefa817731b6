import { widthOf } from './printable.ts';

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

/** Aligned columns under their titles; a line each, without spaces at their ends. Cells may be styled. */
export function renderTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string[] {
  const titles = columns.map(column => column.title);
  const widths = columns.map((_, index) => Math.max(...[titles, ...rows].map(row => widthOf(row[index] ?? ''))));
  return [titles, ...rows].map(row =>
    columns
      .map((column, index) => {
        const cell = row[index] ?? '';
        const space = ' '.repeat((widths[index] ?? 0) - widthOf(cell));
        return column.align === 'right' ? space + cell : cell + space;
      })
      .join('  ')
      .trimEnd(),
  );
}
