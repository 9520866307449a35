import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Secret } from '../../../proto/contract/secret.js';
import { startWebServer } from '../../web/server.js';
import { NOW_MS, nodeDetail, webOptions } from '../../web/testing/fixtures.js';
import type { CliHost } from '../context.js';
import { runCli } from '../run.js';
import { HttpTransport } from '../transport.js';

export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A controller's two doors over a fleet in memory, and command lines as a user would type them. */
export class CliBench {
  readonly options: ReturnType<typeof webOptions>;
  readonly #dir: string;
  readonly #server: { readonly url: string; close(): Promise<void> };

  private constructor(dir: string, options: ReturnType<typeof webOptions>, server: CliBench['server']) {
    this.#dir = dir;
    this.options = options;
    this.#server = server;
  }

  /** `dir`: a fresh folder; it goes with the bench. */
  static async start(dir: string): Promise<CliBench> {
    const options = webOptions(join(dir, 'admin.sock'));
    const server = await startWebServer(options);
    options.fleet.putNode(nodeDetail());
    return new CliBench(dir, options, server);
  }

  get server(): { readonly url: string; close(): Promise<void> } {
    return this.#server;
  }

  /** Time passes only by sleeping. */
  async run(words: readonly string[], over: Partial<CliHost> = {}, signal?: AbortSignal): Promise<Outcome> {
    let [out, err, nowMs] = ['', '', 0];
    const host: CliHost = {
      out: (text) => {
        out += text;
      },
      err: (text) => {
        err += text;
      },
      env: { BRAMBLE_SOCKET: this.options.adminSocket },
      clock: { nowMs: () => NOW_MS, monotonicMs: () => nowMs },
      sleep: async (ms) => {
        nowMs += ms;
      },
      exists: () => false,
      readSecretFile: () => new Secret('none'),
      askSecret: async () => new Secret('none'),
      readText: async () => '',
      save: () => Promise.reject(new Error('nothing is saved here')),
      readTextIfThere: () => undefined,
      saveConfig: () => Promise.reject(new Error('no config is saved here')),
      copyFolder: () => Promise.reject(new Error('no folder is copied here')),
      runController: () => Promise.reject(new Error('no controller is run here')),
      widthColumns: undefined,
      userName: 'kim',
      connect: (where, actor) => new HttpTransport(where, actor),
      ...over,
    };
    const code = await runCli(words, host, signal ?? new AbortController().signal);
    return { code, out, err };
  }

  async close(): Promise<void> {
    await this.#server.close();
    await this.options.store.close();
    await rm(this.#dir, { recursive: true, force: true });
  }
}
