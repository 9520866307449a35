import type { Files, LogFile } from '../kit/host/ports.js';
import { errorFields, type Log } from '../kit/log.js';

/** What a program of the simulated fileserver says of a board. */
export interface BootLogLine {
  readonly program: 'dnsmasq-dhcp' | 'dnsmasq-tftp' | 'rpc.mountd';
  readonly text: string;
}

/** More than a demo writes within weeks. */
const SIZE_MAX_BYTES = 2 ** 20;
const PROCESS_ID = 812;

/**
 * The log of the boot path on the simulated fileserver. It is a real file, to which every process of the site adds whole lines: the
 * cable between simulated boards and a simulated server in another process.
 */
export class BootLog {
  readonly #files: Pick<Files, 'openLog'>;
  readonly #path: string;
  readonly #log: Log;
  #file: LogFile | undefined;
  #written: Promise<void> = Promise.resolve();

  constructor(files: Pick<Files, 'openLog'>, path: string, log: Log) {
    this.#files = files;
    this.#path = path;
    this.#log = log;
  }

  /** Whoever starts first makes room. Never fails: a boot goes on, whether or not somebody takes notes. */
  write(lines: readonly BootLogLine[], atMs: number): void {
    if (lines.length === 0) return;
    const stamp = renderStamp(atMs);
    const text = lines.map((line) => `${stamp} ${line.program}[${PROCESS_ID}]: ${line.text}\n`).join('');
    this.#written = this.#written
      .then(() => this.#append(text))
      .catch((error: unknown) => {
        this.#log.warn(errorFields(error), 'a boot is not written down');
      });
  }

  async close(): Promise<void> {
    await this.#written;
    await this.#file?.close().catch(() => undefined); // what was written is written
  }

  async #append(text: string): Promise<void> {
    this.#file ??= await this.#open();
    await this.#file.append(new TextEncoder().encode(text));
  }

  async #open(): Promise<LogFile> {
    const file = await this.#files.openLog(this.#path);
    if ((await file.readAll()).length > SIZE_MAX_BYTES) await file.truncate(0);
    return file;
  }
}

/** As syslog shows it: "Nov 21 11:53:46". The simulated fileserver keeps UTC. */
function renderStamp(atMs: number): string {
  const [, day = '', month = '', , time = ''] = new Date(atMs).toUTCString().split(' ');
  return `${month} ${day.replace(/^0/, ' ')} ${time}`;
}
