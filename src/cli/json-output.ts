/** Raised whenever something that `--json` printed before changes its name, its type or its meaning, or goes away. */
const schemaVersion = 1;

/** What a command prints with `--json`. */
export function jsonOutput(content: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ schemaVersion, ...content }, null, 2);
}
