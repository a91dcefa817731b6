import { z } from 'zod';
import { explanationSchema } from './explanation-report.ts';
import { forgottenSchema, pendingUrlSchema, statusSchema, torrentSchema } from './status-report.ts';

/** Raised whenever something that `--json` prints changes its name, its type or its meaning, or goes away. */
const schemaVersion = z.literal(1);

/** What commands print with `--json`, by command. `docs/json-output.schema.json` is made from this. */
export const jsonOutputs = {
  status: z.object({
    schema_version: schemaVersion,
    mounts: z.array(
      z.object({
        mountpoint: z.string(),
        condition: z.enum(['answering', 'not answering', 'not permitted', 'stale']),
        pid: z.number().nullable().describe('null when the process is gone or may not be seen'),
        status: statusSchema.nullable().describe("the mount's own status.json; null unless it answers"),
      }),
    ),
  }),
  list: z.object({
    schema_version: schemaVersion,
    mountpoint: z.string(),
    torrents: z.array(torrentSchema).optional(),
    pending_urls: z.array(pendingUrlSchema).optional(),
    forgotten: z.array(forgottenSchema).optional().describe('with --forgotten, in place of the others'),
  }),
  explain: explanationSchema,
  config: z.object({
    schema_version: schemaVersion,
    file: z.string().nullable().describe('the configuration file that was read'),
    options: z.record(
      z.string().describe('section.key, as in a file'),
      z.object({
        value: z
          .union([z.string(), z.boolean(), z.array(z.string()), z.null()])
          .describe('as it would be written in a file; a secret is "(set)"'),
        from: z.string().describe('"default", a path, an environment variable or a flag'),
      }),
    ),
  }),
  doctor: z.object({
    schema_version: schemaVersion,
    findings: z.array(
      z.object({
        name: z.string(),
        level: z.enum(['ok', 'warn', 'fail']),
        detail: z.string(),
        advice: z.string().optional(),
      }),
    ),
  }),
};

type JsonOutputs = { [Name in keyof typeof jsonOutputs]: z.input<(typeof jsonOutputs)[Name]> };

/** The text that a command prints with `--json`. */
export function jsonOutput<Name extends keyof JsonOutputs>(
  _command: Name,
  content: Omit<JsonOutputs[Name], 'schema_version'>,
): string {
  return JSON.stringify({ schema_version: schemaVersion.value, ...content }, null, 2);
}

/** JSON Schema of all that `--json` prints: one definition for each command. */
export function jsonOutputSchema(): unknown {
  const definitions = Object.entries(jsonOutputs).map(([name, schema]) => [
    name,
    z.toJSONSchema(schema, { io: 'output' }),
  ]);
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'What torrent-fuse prints with --json, by command',
    $defs: Object.fromEntries(definitions),
  };
}
