import { readFile } from 'node:fs/promises';
import type { Config } from '../config/options.ts';
import type { HttpServer } from '../observe/http/http-server.ts';
import type { MountView } from '../observe/http/mount-view.ts';
import { messageOf } from '../util/error-facts.ts';
import type { Logger } from '../util/logger.ts';
import { MountError } from './mount-handle.ts';

export interface HttpServiceParts {
  readonly config: Pick<Config, 'http'>;
  readonly view: MountView;
  readonly logger: Logger;
}

/**
 * Starts dashboard, API and metrics where they are asked for. Else nothing of them is even loaded.
 *
 * @throws MountError `http`
 */
export async function startHttpService({ config, view, logger }: HttpServiceParts): Promise<HttpServer | undefined> {
  const { listen } = config.http;
  if (listen === undefined) return undefined;
  const token = await tokenOf(config.http);
  const { startHttpServer } = await import('../observe/http/http-server.ts');
  try {
    const server = await startHttpServer({
      listen: parseListen(listen),
      token,
      mount: view,
      logger: logger.child({ part: 'http' }),
    });
    logger.info({ url: server.url }, 'dashboard is served');
    return server;
  } catch (error) {
    throw new MountError('http', messageOf(error), { cause: error });
  }
}

async function tokenOf({ token, tokenFile }: Config['http']): Promise<string | undefined> {
  if (token !== undefined || tokenFile === undefined) return token;
  try {
    return (await readFile(tokenFile, 'utf8')).trim();
  } catch (error) {
    const reason = messageOf(error);
    throw new MountError('http', `cannot read the HTTP token from ${tokenFile}: ${reason}`, { cause: error });
  }
}

/** `HOST:PORT` or `[IPv6]:PORT`, as the configuration has checked it. */
function parseListen(listen: string): { host: string; port: number } {
  const colon = listen.lastIndexOf(':');
  return { host: listen.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(listen.slice(colon + 1)) };
}
