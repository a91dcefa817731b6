import { type LoadedConfig, loadConfig } from '../config/load-config.ts';
import type { Config } from '../config/options.ts';
import type { MountHandle } from '../mount/mount-handle.ts';
import { type LogFile, openLogFile } from '../observe/log-file.ts';
import { createLogger, type RootLogger } from '../observe/logger.ts';
import { messageOf } from '../util/error-facts.ts';
import type { CliContext } from './context.ts';
import { CommandError } from './errors.ts';
import { LiveView } from './live-view.ts';
import type { MountRequest } from './mount-request.ts';
import type { ReadyPipe } from './ready-pipe.ts';
import { printable } from './render/printable.ts';
import { torrentLines } from './render/torrent-lines.ts';
import { parseStatus, torrentsAndUrls } from './status-report.ts';
import { StopRequests } from './stop-requests.ts';
import { SystemdNotifier } from './systemd-notify.ts';
import { unmountInOrder } from './unmount-in-order.ts';
import { fired } from './wait.ts';

/** Four a second look alive and cost nothing. */
const redrawIntervalMs = 250;

/** A mount that this process serves, from the first line of its log to the last. */
export class MountSession {
  readonly #request: MountRequest;
  readonly #context: CliContext;
  readonly #readyPipe: ReadyPipe | undefined;
  readonly #systemd: SystemdNotifier;
  readonly #logFile: LogFile | undefined;
  readonly #logger: RootLogger;
  #view: LiveView | undefined;
  /** The one that was taken up last. */
  #config: Config;

  constructor(request: MountRequest, context: CliContext, readyPipe: ReadyPipe | undefined) {
    this.#config = request.loaded.config;
    const { log } = this.#config;
    this.#request = request;
    this.#context = context;
    this.#readyPipe = readyPipe;
    this.#systemd = new SystemdNotifier(context.environment['NOTIFY_SOCKET']);
    const toScreen = log.file === undefined && context.err.isTerminal;
    this.#logFile = toScreen ? undefined : openLog(log.file);
    this.#logger = createLogger({
      level: log.level,
      format: log.format,
      colour: toScreen && context.err.style.enabled,
      sink: this.#logFile ?? { write: line => this.#printLine(line) },
      secrets: secretsOf(request.loaded.config),
    });
  }

  /** Mounts, and resolves when the mount is gone because somebody wanted it so. */
  async run(): Promise<void> {
    // Closing the terminal hangs up; where there is none, SIGHUP reloads.
    const isInteractive = this.#context.out.isTerminal;
    const stop = new StopRequests(isInteractive ? ['SIGINT', 'SIGTERM', 'SIGHUP'] : ['SIGINT', 'SIGTERM']);
    try {
      for (const warning of this.#request.loaded.warnings) this.#logger.warn({}, warning);
      const handle = await this.#mount(stop.inOrder);
      await this.#serve(handle, stop, isInteractive);
    } finally {
      stop.release();
      this.#view?.stop();
      this.#systemd.stopping();
      this.#logger.close();
      await this.#logFile?.close();
    }
  }

  async #mount(signal: AbortSignal): Promise<MountHandle> {
    const { mountpoint, sources, loaded } = this.#request;
    const { mount } = await this.#context.loadMount();
    try {
      return await mount({ mountpoint, sources, config: loaded.config, logger: this.#logger, signal });
    } catch (error) {
      if (signal.aborted) throw new CommandError('interrupted before the mount was ready; nothing is mounted');
      throw error;
    }
  }

  async #serve(handle: MountHandle, stop: StopRequests, isInteractive: boolean): Promise<void> {
    const onHangup = () => void this.#reload(handle);
    if (!isInteractive) process.on('SIGHUP', onHangup);
    try {
      this.#tellReady(handle);
      if (isInteractive) this.#view = new LiveView(this.#context.out, () => this.#draw(handle), redrawIntervalMs);
      await Promise.race([handle.closed, fired(stop.inOrder)]);
      if (stop.inOrder.aborted) {
        this.#systemd.stopping();
        await unmountInOrder(handle, stop.atOnce, this.#logger);
      }
      const reason = await handle.closed;
      if (reason === 'failed') throw new CommandError(`the mount at ${handle.mountpoint} broke down; its log says why`);
    } finally {
      process.off('SIGHUP', onHangup);
    }
  }

  /** The line that begins with `ready: ` is a promise to scripts: it stands alone and holds nothing but the mount point. */
  #tellReady(handle: MountHandle): void {
    const lines = [
      `engine: ${handle.engineDescription} (${handle.engineReason})`,
      `data: ${handle.dataDir}`,
      ...(handle.dashboardUrl === undefined ? [] : [`dashboard: ${handle.dashboardUrl}`]),
      `ready: ${handle.mountpoint}`,
    ].map(printable);
    if (this.#readyPipe) this.#readyPipe.ready(lines);
    else for (const line of lines) this.#context.out.line(line);
    this.#systemd.ready();
  }

  #draw(handle: MountHandle): string[] {
    const { out } = this.#context;
    const torrents = torrentsAndUrls(parseStatus(handle.status()));
    // A row for the line below, one for the cursor.
    const screen = { columns: out.columns, rows: out.rows - 2, style: out.style };
    return [...torrentLines(torrents, screen), out.style.dim('Ctrl-C unmounts')];
  }

  #printLine(line: string): void {
    if (this.#view) this.#view.printAbove(line);
    else this.#context.err.write(line);
  }

  /** SIGHUP: a new log file after logrotate, and whatever options can change under a mount. */
  async #reload(handle: MountHandle): Promise<void> {
    this.#logFile?.reopen();
    try {
      const { config } = this.#loadAgain();
      this.#logger.setLevel(config.log.level);
      await handle.reload(config);
      this.#config = config;
      this.#logger.info({}, 'configuration reloaded');
    } catch (error) {
      this.#logger.setLevel(this.#config.log.level);
      this.#logger.error({ error }, 'the configuration cannot be reloaded; the one before stays');
    }
  }

  #loadAgain(): LoadedConfig {
    return loadConfig(this.#request.loaded.input);
  }
}

function openLog(path: string | undefined): LogFile {
  try {
    return openLogFile(path ?? process.stderr.fd);
  } catch (error) {
    const reason = messageOf(error);
    throw new CommandError(`the log file ${path} cannot be opened: ${reason}`, { cause: error });
  }
}

function secretsOf({ rqbit, http }: Config): string[] {
  return [rqbit.password, http.token].filter(secret => secret !== undefined);
}
