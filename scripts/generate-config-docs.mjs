// Writes docs/CONFIGURATION.md and docs/config.schema.json from the table of options. Run by `npm run docs`, after a build.
import { writeFileSync } from 'node:fs';
import { configDocumentation } from '../dist/config/documentation.js';
import { configJsonSchema } from '../dist/config/json-schema.js';

const docs = new URL('../docs/', import.meta.url);
writeFileSync(new URL('CONFIGURATION.md', docs), configDocumentation());
writeFileSync(new URL('config.schema.json', docs), `${JSON.stringify(configJsonSchema(), null, 2)}\n`);
