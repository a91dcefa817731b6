/**
 * What comes over the wire is checked before it is used. A check takes what JSON.parse made and gives it back with its type,
 * or throws a MismatchError that names the place.
 *
 * @template T
 * @typedef {(value: unknown, place: string) => T} Check
 */

/** The server and this page are of different versions, or what answered is another server. */
export class MismatchError extends Error {
  /** @param {string} place @param {string} expected */
  constructor(place, expected) {
    super(`${place} is no ${expected}`);
  }
}

/** @type {Check<string>} */
export function string(value, place) {
  if (typeof value !== 'string') throw new MismatchError(place, 'text');
  return value;
}

/** @type {Check<number>} */
export function number(value, place) {
  if (typeof value !== 'number') throw new MismatchError(place, 'number');
  return value;
}

/** @type {Check<boolean>} */
export function boolean(value, place) {
  if (typeof value !== 'boolean') throw new MismatchError(place, 'yes or no');
  return value;
}

/**
 * @template T
 * @param {Check<T>} check
 * @returns {Check<T | null>}
 */
export function nullable(check) {
  return (value, place) => (value === null ? null : check(value, place));
}

/**
 * @template T
 * @param {Check<T>} check
 * @returns {Check<T[]>}
 */
export function list(check) {
  return (value, place) => {
    if (!Array.isArray(value)) throw new MismatchError(place, 'list');
    return value.map((row, index) => check(row, `${place}[${index}]`));
  };
}

/**
 * @template A, B
 * @param {Check<A>} first
 * @param {Check<B>} second
 * @returns {Check<[A, B]>}
 */
export function pair(first, second) {
  return (value, place) => {
    if (!Array.isArray(value) || value.length !== 2) throw new MismatchError(place, 'pair');
    return [first(value[0], `${place}[0]`), second(value[1], `${place}[1]`)];
  };
}

/**
 * An object with these fields; what else it has is left out, so that a newer server may say more.
 *
 * @template {Record<string, Check<unknown>>} Shape
 * @param {Shape} shape
 * @returns {Check<{ [Field in keyof Shape]: ReturnType<Shape[Field]> }>}
 */
export function record(shape) {
  const fields = Object.entries(shape);
  return (value, place) => {
    if (typeof value !== 'object' || value === null) throw new MismatchError(place, 'object');
    const source = new Map(Object.entries(value));
    const checked = fields.map(([field, check]) => [field, check(source.get(field), `${place}.${field}`)]);
    return Object.fromEntries(checked);
  };
}
