const columns = ['benchmark', 'measure', 'unit', 'ours', 'beside', 'what', 'ratio', 'goal'];

/** One Markdown table of all rows; the ratio is ours to what is beside it. */
export function formatTable(rows) {
  const cells = rows.map(row => {
    const ratio = row.beside === undefined ? undefined : row.ours / row.beside;
    return [
      row.benchmark,
      row.measure,
      row.unit,
      formatNumber(row.ours),
      formatNumber(row.beside),
      row.besideName ?? '',
      ratio?.toFixed(2) ?? '',
      formatGoal(ratio, row),
    ];
  });
  const widths = columns.map((title, column) => Math.max(title.length, ...cells.map(row => row[column].length)));
  const line = row => `| ${row.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`;
  return [line(columns), line(widths.map(width => '-'.repeat(width))), ...cells.map(line)].join('\n');
}

function formatNumber(value) {
  return value === undefined ? '' : value.toLocaleString('en', { maximumSignificantDigits: value < 100 ? 3 : 6 });
}

/** `goal` is the least that the ratio should be, `most` the most. */
function formatGoal(ratio, { goal, most }) {
  if (ratio === undefined) return '';
  if (goal !== undefined) return `${ratio >= goal ? 'met' : 'missed'} (≥ ${goal})`;
  if (most !== undefined) return `${ratio <= most ? 'met' : 'missed'} (≤ ${most})`;
  return '';
}
