import { chmod, rm } from 'node:fs/promises';
import type { FastifyInstance } from 'fastify';
import { BrambleError } from '../../proto/contract/errors.js';
import { makeDoor } from './door.js';
import { EventStreams } from './event-stream.js';
import { assertLoopback } from './guards.js';
import { Metrics } from './metrics.js';
import { type Handlers, mount } from './mount.js';
import type { WebOptions } from './options.js';
import { commandHandlers } from './routes/commands.js';
import { enrollmentHandlers } from './routes/enrollments.js';
import { eventHandlers } from './routes/events.js';
import { nodeConfigHandlers } from './routes/node-configs.js';
import { nodeHandlers } from './routes/nodes.js';
import { pageRoutes } from './routes/page.js';
import { probeHandlers } from './routes/probes.js';
import { uploadHandlers } from './routes/uploads.js';
import { ROUTES } from './table/index.js';

export interface WebServer {
  /** Address of the page, such as http://127.0.0.1:8080 */
  readonly url: string;
  /** Ends the event streams, answers what is under way, closes both doors. */
  close(): Promise<void>;
}

/**
 * Opens the two doors: the page on loopback, which only reads, and the administrator's Unix socket, which also changes.
 * @throws BrambleError `failed-precondition` (port taken, address not loopback, socket not possible)
 */
export async function startWebServer(options: WebOptions): Promise<WebServer> {
  assertLoopback(options.page.host);
  const { fleet, timers, log, clock } = options;
  const metrics = new Metrics();
  const streams = new EventStreams({ fleet, timers, log, nowMs: () => clock.nowMs() });
  const page = makeDoor('page', options, metrics);
  const admin = makeDoor('admin', options, metrics);
  const handlers: Handlers<typeof ROUTES> = {
    ...nodeHandlers(options),
    ...nodeConfigHandlers(options),
    ...commandHandlers(options),
    ...enrollmentHandlers(options),
    ...eventHandlers(options, streams),
    ...uploadHandlers(options),
    ...probeHandlers(options, metrics, () => streams.clientCount),
  };
  for (const app of [page, admin]) pageRoutes(app, options);
  mount(page, 'page', ROUTES, handlers);
  mount(admin, 'admin', ROUTES, handlers);

  const close = async (): Promise<void> => {
    streams.stop();
    await Promise.all([page.close(), admin.close()]);
  };
  try {
    metrics.start();
    streams.start();
    const url = await listenOnPage(page, options.page);
    await listenOnSocket(admin, options.adminSocket);
    return { url, close };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

async function listenOnPage(app: FastifyInstance, { host, port }: WebOptions['page']): Promise<string> {
  try {
    return await app.listen({ host, port });
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    const what = code === 'EADDRINUSE' ? 'is in use by another program' : `cannot be opened: ${String(cause)}`;
    throw new BrambleError('failed-precondition', `the page's address ${host}:${port} ${what}`, {
      hint: 'choose another port with --http-port (npm start: --port), or end what uses this one',
      cause,
    });
  }
}

async function listenOnSocket(app: FastifyInstance, path: string): Promise<void> {
  try {
    await rm(path, { force: true }); // of a controller that was killed; the lock says that none lives
    await app.listen({ path });
    await chmod(path, 0o600);
  } catch (cause) {
    throw new BrambleError('failed-precondition', `cannot open the administrator's socket ${path}: ${String(cause)}`, {
      hint: 'the data directory must be on a local filesystem that its user may write, its path at most 80 bytes',
      cause,
    });
  }
}
