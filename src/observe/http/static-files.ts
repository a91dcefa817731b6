import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';

export interface StaticFile {
  /** Where it is served: the page is `/`. */
  readonly path: string;
  readonly contentType: string;
  readonly content: Buffer;
  readonly etag: string;
}

const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** The files of one folder, read once: what is served does not depend on what a request asks the disk for. */
export async function loadStaticFiles(folder: string): Promise<StaticFile[]> {
  const names = (await readdir(folder)).filter(name => contentTypes[extname(name)] !== undefined);
  return Promise.all(names.map(name => loadStaticFile(folder, name)));
}

async function loadStaticFile(folder: string, name: string): Promise<StaticFile> {
  const content = await readFile(join(folder, name));
  return {
    path: name === 'index.html' ? '/' : `/${name}`,
    contentType: contentTypes[extname(name)] ?? 'application/octet-stream',
    content,
    etag: `"${createHash('sha256').update(content).digest('base64url').slice(0, 22)}"`,
  };
}
