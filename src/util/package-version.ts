import { readFileSync } from 'node:fs';
import { z } from 'zod';

const packageJson: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));

/** Of the installed package. */
export const version = z.object({ version: z.string() }).parse(packageJson).version;
