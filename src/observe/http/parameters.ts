import { z } from 'zod';
import type { FileKey } from '../snapshot.ts';
import { HttpError } from './http-error.ts';

/** What callers write into paths, queries and bodies: `unknown` until it has passed here, or an HttpError 400. */

const infoHash = z.string().regex(/^[0-9a-f]{40}$/i, 'an info hash has 40 hexadecimal digits');
const fileIndex = z.coerce.number().int().min(0);
const torrentParameters = z.object({ infoHash });
const fileParameters = z.object({ infoHash, fileIndex });
const page = z.object({
  offset: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(1000).default(1000),
});
const explainQuery = z.object({ path: z.string().min(1).max(8192) });
const addBody = z.strictObject({ source: z.string().min(1).max(32_768) });
const loginBody = z.strictObject({ token: z.string().max(4096) });

export function parseInfoHash(parameters: unknown): string {
  return parse(torrentParameters, parameters).infoHash.toLowerCase();
}

export function parseFileKey(parameters: unknown): FileKey {
  const key = parse(fileParameters, parameters);
  return { infoHash: key.infoHash.toLowerCase(), fileIndex: key.fileIndex };
}

/** `?file=<info hash>/<file index>`, where it is given. */
export function parseWatchedFile(query: unknown): FileKey | undefined {
  const { file } = parse(z.object({ file: z.string().optional() }), query);
  if (file === undefined) return undefined;
  const [infoHash, fileIndex] = file.split('/');
  return parseFileKey({ infoHash, fileIndex });
}

export function parsePage(query: unknown): { readonly offset: number; readonly limit: number } {
  return parse(page, query);
}

export function parseExplainedPath(query: unknown): string {
  return parse(explainQuery, query).path;
}

/**
 * A magnet, an info hash or a URL. A path is refused though the command line takes it: whoever may use this page need not be
 * one who may read files here.
 */
export function parseSource(body: unknown): string {
  const source = parse(addBody, body).source.trim();
  if (/^magnet:\?/i.test(source) || /^https?:\/\//i.test(source) || /^([0-9a-f]{40}|[a-z2-7]{32})$/i.test(source)) {
    return source;
  }
  throw new HttpError(400, 'that is no magnet link, http(s) URL or info hash');
}

export function parseToken(body: unknown): string {
  return parse(loginBody, body).token;
}

function parse<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new HttpError(400, `${issue?.path.join('.') || 'request'}: ${issue?.message ?? 'malformed'}`);
}
