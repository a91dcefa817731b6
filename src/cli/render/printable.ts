/**
 * C0 and C1 controls, and what turns the direction of text or hides in it. Names come out of torrents, and must not be able to
 * move the cursor, colour the screen or swap the parts of a line.
 */
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** The text with everything that would act on a terminal written as `\u{…}`. */
export function printable(text: string): string {
  return text.replace(unprintable, character => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}

/** Columns that printable text takes; East Asian wide characters and emoji take two. */
export function widthOf(text: string): number {
  let width = 0;
  for (const { segment } of new Intl.Segmenter().segment(stripStyle(text))) width += wide.test(segment) ? 2 : 1;
  return width;
}

/** The text cut, with an ellipsis, or filled with spaces to exactly that many columns. Must hold no style. */
export function toColumns(text: string, columns: number): string {
  const width = widthOf(text);
  if (width <= columns) return text + ' '.repeat(columns - width);
  let taken = '';
  let takenColumns = 0;
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    const segmentColumns = widthOf(segment);
    if (takenColumns + segmentColumns > columns - 1) break;
    taken += segment;
    takenColumns += segmentColumns;
  }
  return `${taken}…${' '.repeat(Math.max(0, columns - 1 - takenColumns))}`;
}

const wide =
  /\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]/u;

function stripStyle(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape codes are what is looked for
  return text.replace(/\x1b\[[0-9;]*m/g, '');
}
