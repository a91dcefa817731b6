/** The message says which setting, where it was made, what is wrong with it, and what to write in its place. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly code = 'bad-config';
}

/** A value that does not fit its type; the loader adds whose value it is. */
export class InvalidValueError extends Error {
  override readonly name = 'InvalidValueError';
}
