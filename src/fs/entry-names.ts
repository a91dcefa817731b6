/**
 * Names as a torrent gives them, made fit for a directory. Pure: the result depends on the arguments alone.
 *
 * Two names are the same if their UTF-8 is: names that differ only in case or in Unicode normal form stay two names, as on
 * any other Linux filesystem. Bidirectional marks and other format characters stay too: they are part of honest names, and
 * cannot leave a directory.
 */

/** NAME_MAX of Linux, in bytes. */
const NAME_BYTES_MAX = 255;

/** A UTF-16 unit takes at most three bytes of UTF-8, so a name of so many units fits without being measured. */
const UNITS_THAT_ALWAYS_FIT = Math.floor(NAME_BYTES_MAX / 3);

/** What may not stand in a name: the separator, control characters (NUL, C0, DEL and C1), lone surrogates (no UTF-8). */
const UNFIT = /[/\p{Cc}\p{Cs}]/u;
const EVERY_UNFIT = new RegExp(UNFIT, 'gu');

/** Long enough for `.torrent` and `.matroska`; longer tails are sentences that contain a dot. */
const EXTENSION = /(?<=.)\.[A-Za-z0-9]{1,10}$/;

/**
 * One component of a path as a directory may hold it: never empty, `.` or `..`, at most {@link NAME_BYTES_MAX} bytes of valid
 * UTF-8, without `/` and control characters; each of those becomes `_`. What is too long is cut between two characters,
 * before its extension.
 */
export function sanitizeName(component: string): string {
  if (component === '') return '_';
  if (component === '.' || component === '..') return component.replaceAll('.', '_');
  const fit = UNFIT.test(component) ? component.replace(EVERY_UNFIT, '_') : component;
  return fit.length <= UNITS_THAT_ALWAYS_FIT ? fit : insertBeforeExtension(fit, '');
}

/** `movie.mkv` and ` [2]` make `movie [2].mkv`, shortened before the suffix where it would not fit. */
export function insertBeforeExtension(name: string, suffix: string): string {
  const extension = EXTENSION.exec(name)?.[0] ?? '';
  return appendSuffix(name.slice(0, name.length - extension.length), suffix + extension);
}

/** `Season 1.5` and ` [2]` make `Season 1.5 [2]`, shortened before the suffix where it would not fit. */
export function appendSuffix(name: string, suffix: string): string {
  return cutToBytes(name, NAME_BYTES_MAX - Buffer.byteLength(suffix)) + suffix;
}

function cutToBytes(text: string, bytesMax: number): string {
  if (text.length * 3 <= bytesMax || Buffer.byteLength(text) <= bytesMax) return text;
  let bytes = 0;
  let end = 0;
  for (const character of text) {
    bytes += Buffer.byteLength(character);
    if (bytes > bytesMax) break;
    end += character.length;
  }
  return text.slice(0, end);
}
