import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { startWebServer } from '../../web/server.js';
import { nodeDetail, webOptions } from '../../web/testing/fixtures.js';
import type { CliHost } from '../context.js';
import { type Outcome, runCommandLine } from './host.js';

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

  run(words: readonly string[], over: Partial<CliHost> = {}, signal?: AbortSignal): Promise<Outcome> {
    return runCommandLine(words, this.options.adminSocket, over, signal);
  }

  async close(): Promise<void> {
    await this.#server.close();
    await this.options.store.close();
    await rm(this.#dir, { recursive: true, force: true });
  }
}
