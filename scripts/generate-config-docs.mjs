// Writes what is documented from the program itself: docs/CONFIGURATION.md and docs/config.schema.json from the table of
// options, docs/json-output.schema.json from the schemas of what commands print. Run by `npm run docs`, after a build.
import { writeFileSync } from 'node:fs';
import { jsonOutputSchema } from '../dist/cli/json-output.js';
import { configDocumentation } from '../dist/config/documentation.js';
import { configJsonSchema } from '../dist/config/json-schema.js';

const docs = new URL('../docs/', import.meta.url);
writeFileSync(new URL('CONFIGURATION.md', docs), configDocumentation());
writeFileSync(new URL('config.schema.json', docs), `${JSON.stringify(configJsonSchema(), null, 2)}\n`);
writeFileSync(new URL('json-output.schema.json', docs), `${JSON.stringify(jsonOutputSchema(), null, 2)}\n`);
