import { schemaKey } from './file-layer.ts';
import type { Option } from './option.ts';
import { entriesOf, sectionNames } from './options.ts';
import type { JsonSchema } from './value-type.ts';

/** JSON Schema (draft 7, which editors know) of a configuration file. */
export function configJsonSchema(): JsonSchema {
  const properties = sectionNames.map(section => [section, sectionSchema(section)]);
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'torrent-fuse configuration',
    type: 'object',
    additionalProperties: false,
    properties: { [schemaKey]: { type: 'string' }, ...Object.fromEntries(properties) },
  };
}

function sectionSchema(section: string): JsonSchema {
  const properties = entriesOf(section).map(({ option }) => {
    const { jsonSchema } = option.type;
    return [option.key, { ...jsonSchema, description: `${option.help}.`, ...defaultIn(option) }];
  });
  return { type: 'object', additionalProperties: false, properties: Object.fromEntries(properties) };
}

/** The default as a file would say it, where there is one to say. */
function defaultIn({ type, default: value }: Option<unknown>): { default?: unknown } {
  if (value === undefined || Array.isArray(value)) return {};
  const isWrittenAsItIs = typeof value === 'boolean' || type.jsonSchema['type'] === 'integer';
  return { default: isWrittenAsItIs ? value : type.toText(value) };
}
