import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { jsonOutputSchema } from '../../src/cli/json-output.ts';
import { configDocumentation } from '../../src/config/documentation.ts';
import { configJsonSchema } from '../../src/config/json-schema.ts';
import { optionEntries } from '../../src/config/options.ts';

const docs = new URL('../../docs/', import.meta.url);

describe('the documentation of the configuration', () => {
  it('is what the table of options makes (npm run docs)', () => {
    expect(readFileSync(new URL('CONFIGURATION.md', docs), 'utf8')).toBe(configDocumentation());
    expect(JSON.parse(readFileSync(new URL('config.schema.json', docs), 'utf8'))).toEqual(configJsonSchema());
    expect(JSON.parse(readFileSync(new URL('json-output.schema.json', docs), 'utf8'))).toEqual(jsonOutputSchema());
  });

  it('shows no secret as a flag', () => {
    for (const { option } of optionEntries) {
      if (option.secret) expect(option.flag).toBeUndefined();
      else expect(option.flag).toBeDefined();
    }
  });

  it('has no name twice', () => {
    const names = optionEntries.flatMap(({ id, option }) => [
      id,
      option.env,
      ...(option.flag ? [`--${option.flag}`] : []),
    ]);
    expect(names).toEqual([...new Set(names)]);
  });
});
