import { isIP } from 'node:net';
import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { formatDuration, parseDuration } from './duration.ts';
import { InvalidValueError } from './errors.ts';
import { formatSize, parseSize } from './size.ts';

/** How the values of an option are written, read, checked and described. All readers throw {@link InvalidValueError}. */
export interface ValueType<T> {
  /** What stands for a value in the help, such as `SIZE`; undefined for a boolean, whose flag stands alone. */
  readonly placeholder: string | undefined;
  /** Set for a list: what separates its elements in an environment variable. A flag takes one element at a time. */
  readonly list?: { readonly separator: RegExp; readonly separatorName: string };
  /** @param directory what relative paths start from */
  fromText(text: string, directory: string): T;
  /** A value out of a TOML, YAML or JSON file. */
  fromFile(value: unknown, directory: string): T;
  /** What {@link fromText} reads back as the same value. */
  toText(value: T): string;
  readonly jsonSchema: JsonSchema;
}

export type JsonSchema = Readonly<Record<string, unknown>>;

export const boolean: ValueType<boolean> = {
  placeholder: undefined,
  fromText(text) {
    if (/^(true|yes|on|1)$/i.test(text)) return true;
    if (/^(false|no|off|0)$/i.test(text)) return false;
    throw new InvalidValueError(`"${text}" is neither true nor false`);
  },
  fromFile(value) {
    if (typeof value === 'boolean') return value;
    throw new InvalidValueError(`${show(value)} is neither true nor false`);
  },
  toText: String,
  jsonSchema: { type: 'boolean' },
};

export function choice<const T extends string>(values: readonly T[]): ValueType<T> {
  return textual({
    placeholder: values.join('|'),
    fromText(text) {
      const found = values.find(value => value === text);
      if (found === undefined) throw new InvalidValueError(`"${text}" is none of ${values.join(', ')}`);
      return found;
    },
    jsonSchema: { enum: values },
  });
}

export function text(placeholder: string): ValueType<string> {
  return textual({
    placeholder,
    fromText(value) {
      if (value === '') throw new InvalidValueError('it is empty');
      if (value.includes('\0')) throw new InvalidValueError('it holds a NUL');
      return value;
    },
    jsonSchema: { type: 'string', minLength: 1 },
  });
}

/** Made absolute; `~/` is the home directory. */
export function path(placeholder: string): ValueType<string> {
  return textual({
    placeholder,
    fromText: (value, directory) =>
      resolve(
        directory,
        text(placeholder)
          .fromText(value, directory)
          .replace(/^~(?=\/|$)/, homedir()),
      ),
    jsonSchema: { type: 'string', minLength: 1 },
  });
}

/** A program: a name to be looked for on PATH, or, with a slash in it, a path. */
export function program(placeholder: string): ValueType<string> {
  const { fromText } = path(placeholder);
  return textual({
    placeholder,
    fromText: (value, directory) =>
      value.includes('/') ? fromText(value, directory) : text(placeholder).fromText(value, directory),
    jsonSchema: { type: 'string', minLength: 1 },
  });
}

/** What a torrent is added from; a path to a .torrent is made absolute, so that a daemon finds it too. */
export const source: ValueType<string> = textual({
  placeholder: 'SOURCE',
  fromText: (value, directory) =>
    /^(?:magnet:|https?:\/\/)|^(?:[0-9a-f]{40}|[a-z2-7]{32})$/i.test(value)
      ? text('SOURCE').fromText(value, directory)
      : path('SOURCE').fromText(value, directory),
  jsonSchema: { type: 'string', minLength: 1 },
});

/** @param credentialsHint where a user and password are set, since a URL is printed and logged */
export function httpUrl(placeholder: string, credentialsHint: string): ValueType<string> {
  return textual({
    placeholder,
    fromText(value) {
      const url = URL.canParse(value) ? new URL(value) : undefined;
      if (url?.protocol !== 'http:' && url?.protocol !== 'https:') {
        throw new InvalidValueError(`"${value}" is no http:// or https:// URL`);
      }
      if (url.username || url.password) {
        throw new InvalidValueError(`it holds a user or password: ${credentialsHint}`);
      }
      return value;
    },
    jsonSchema: { type: 'string', pattern: '^https?://' },
  });
}

/** `host:port`, with an IPv6 address in brackets. */
export function hostPort(placeholder: string, { minPort = 1 } = {}): ValueType<string> {
  return textual({
    placeholder,
    fromText(value) {
      const match = /^(?:\[(?<ip6>[^\]]+)\]|(?<host>[^:\s/@[\]]+)):(?<port>\d{1,5})$/.exec(value);
      const { ip6, port } = match?.groups ?? {};
      if (
        port === undefined ||
        (ip6 !== undefined && isIP(ip6) !== 6) ||
        Number(port) < minPort ||
        Number(port) > 65_535
      ) {
        throw new InvalidValueError(
          `"${value}" is no HOST:PORT: write 192.0.2.7:6881, name:6881 or [2001:db8::1]:6881`,
        );
      }
      return value;
    },
    jsonSchema: { type: 'string', pattern: ':[0-9]{1,5}$' },
  });
}

export function ipAddress(placeholder: string): ValueType<string> {
  return textual({
    placeholder,
    fromText(value) {
      if (isIP(value) === 0) throw new InvalidValueError(`"${value}" is no IP address: write 127.0.0.1 or ::1`);
      return value;
    },
    jsonSchema: { type: 'string', minLength: 2 },
  });
}

interface Limits {
  readonly min: number;
  readonly max: number;
}

export function integer(placeholder: string, limits: Limits): ValueType<number> {
  return numeric({
    placeholder,
    limits,
    parse(text) {
      if (!/^\d{1,15}$/.test(text)) throw new InvalidValueError(`"${text}" is no whole number`);
      return Number(text);
    },
    format: String,
    jsonSchema: { type: 'integer', minimum: limits.min, maximum: limits.max },
  });
}

/** Bytes. */
export function size(limits: Limits): ValueType<number> {
  const jsonSchema = { type: ['string', 'integer'], pattern: '^[0-9.]+ ?([KMGTkmgt]i?)?[Bb]?$', minimum: 0 };
  return numeric({ placeholder: 'SIZE', limits, parse: parseSize, format: formatSize, jsonSchema });
}

/** Milliseconds. */
export function duration(limits: Limits): ValueType<number> {
  const jsonSchema = { type: ['string', 'number'], pattern: '^([0-9.]+(ms|[smhd])? ?)+$', minimum: 0 };
  return numeric({ placeholder: 'TIME', limits, parse: parseDuration, format: formatDuration, jsonSchema });
}

/** Permission bits in octal, always a text: a TOML or YAML number would be read as decimal. */
export const octalMode: ValueType<number> = {
  placeholder: 'OCTAL',
  fromText(text) {
    if (!/^0?[0-7]{1,3}$/.test(text)) throw new InvalidValueError(`"${text}" is no octal mode: write 022`);
    return Number.parseInt(text, 8);
  },
  fromFile(value, directory) {
    if (typeof value !== 'string') throw new InvalidValueError(`${show(value)} must be in quotes: write "022"`);
    return octalMode.fromText(value, directory);
  },
  toText: value => value.toString(8).padStart(3, '0'),
  jsonSchema: { type: 'string', pattern: '^0?[0-7]{1,3}$' },
};

export function optional<T>(type: ValueType<T>): ValueType<T | undefined> {
  return { ...type, toText: value => (value === undefined ? '' : type.toText(value)) };
}

interface ListOptions {
  readonly separator: RegExp;
  readonly separatorName: string;
}

export function listOf<T>(element: ValueType<T>, { separator, separatorName }: ListOptions): ValueType<readonly T[]> {
  return {
    placeholder: element.placeholder,
    list: { separator, separatorName },
    fromText: (text, directory) =>
      text
        .split(separator)
        .map(part => part.trim())
        .filter(part => part !== '')
        .map(part => element.fromText(part, directory)),
    fromFile(value, directory) {
      if (!Array.isArray(value)) throw new InvalidValueError(`${show(value)} is no list: write ["…", "…"]`);
      return value.map((each: unknown) => element.fromFile(each, directory));
    },
    toText: values => values.map(element.toText).join('\n'),
    jsonSchema: { type: 'array', items: element.jsonSchema },
  };
}

function textual<T extends string>(type: Omit<ValueType<T>, 'fromFile' | 'toText'>): ValueType<T> {
  return {
    ...type,
    fromFile(value, directory) {
      if (typeof value !== 'string') throw new InvalidValueError(`${show(value)} is no text`);
      return type.fromText(value, directory);
    },
    toText: value => value,
  };
}

interface NumericType {
  readonly placeholder: string;
  readonly limits: Limits;
  readonly jsonSchema: JsonSchema;
  parse(text: string): number;
  format(value: number): string;
}

function numeric({ placeholder, limits, jsonSchema, parse, format }: NumericType): ValueType<number> {
  const fromText = (text: string) => {
    const value = parse(text);
    if (value < limits.min) throw new InvalidValueError(`"${text}" is less than ${format(limits.min)}`);
    if (value > limits.max) throw new InvalidValueError(`"${text}" is more than ${format(limits.max)}`);
    return value;
  };
  return {
    placeholder,
    fromText,
    fromFile(value) {
      if (typeof value !== 'string' && typeof value !== 'number')
        throw new InvalidValueError(`${show(value)} is no number`);
      return fromText(String(value));
    },
    toText: format,
    jsonSchema,
  };
}

function show(value: unknown): string {
  return JSON.stringify(value) ?? String(value);
}
