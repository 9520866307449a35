import { chmod, rm } from 'node:fs/promises';
import type { FastifyInstance } from 'fastify';
import { assert } from '../../proto/contract/assert.js';
import { BrambleError } from '../../proto/contract/errors.js';
import { DoorKeeper } from './access/door-keeper.js';
import { makeDoor } from './door.js';
import { EventStreams } from './event-stream.js';
import { assertGuarded } from './guards.js';
import { Metrics } from './metrics.js';
import { type Handlers, mount } from './mount.js';
import type { WebOptions } from './options.js';
import { accountHandlers } from './routes/accounts.js';
import { auditHandlers } from './routes/audit.js';
import { backupHandlers } from './routes/backups.js';
import { batchHandlers } from './routes/batch.js';
import { boardHandlers } from './routes/boards.js';
import { commandHandlers } from './routes/commands.js';
import { discoveryHandlers } from './routes/discovery.js';
import { doctorHandlers } from './routes/doctor.js';
import { enrollmentHandlers } from './routes/enrollments.js';
import { eventHandlers } from './routes/events.js';
import { healingHandlers, topologyHandlers } from './routes/healing.js';
import { imageHandlers } from './routes/images.js';
import { incidentHandlers } from './routes/incidents.js';
import { loadHandlers } from './routes/loads.js';
import { nodeConfigHandlers } from './routes/node-configs.js';
import { nodeHandlers } from './routes/nodes.js';
import { overlayHandlers } from './routes/overlay.js';
import { pageRoutes } from './routes/page.js';
import { probeHandlers } from './routes/probes.js';
import { provisioningHandlers } from './routes/provisioning.js';
import { rolloutHandlers } from './routes/rollouts.js';
import { sessionHandlers } from './routes/session.js';
import { siteHandlers } from './routes/sites.js';
import { switchHandlers } from './routes/switches.js';
import { uploadHandlers } from './routes/uploads.js';
import { ROUTES } from './table/index.js';
import { ROUTE_RIGHTS } from './table/rights.js';

export interface WebServer {
  /** Address of the page, such as http://127.0.0.1:8080 */
  readonly url: string;
  /** Ends the event streams, answers what is under way, closes both doors. */
  close(): Promise<void>;
}

/**
 * Opens the two doors: the page, for whoever signs in or has an API token, and the administrator's Unix socket, where
 * whoever may open it is the administrator. Both have the same routes.
 * @throws BrambleError `failed-precondition` (port taken, not loopback and no TLS, socket not possible)
 */
export async function startWebServer(options: WebOptions): Promise<WebServer> {
  assertGuarded(options.page);
  const { wholeFleet, access, timers, log, clock } = options;
  const metrics = new Metrics();
  let url = '';
  const streams = new EventStreams({ fleet: wholeFleet, timers, log, nowMs: () => clock.nowMs() });
  const stopListening = access.changes.listen((account) => streams.endOf(account));
  const doors = (['page', 'admin'] as const).map((kind) => {
    const keeper = new DoorKeeper(kind, options);
    const app = makeDoor(kind, options, metrics, keeper);
    const handlers: Handlers<typeof ROUTES> = {
      ...nodeHandlers(options),
      ...nodeConfigHandlers(),
      ...boardHandlers(),
      ...siteHandlers(options),
      ...batchHandlers(),
      ...commandHandlers(),
      ...enrollmentHandlers(options),
      ...eventHandlers(streams, (request) => keeper.isStillIn(request)),
      ...probeHandlers(options, metrics, () => streams.clientCount),
      ...discoveryHandlers(),
      ...loadHandlers(),
      ...uploadHandlers(options),
      ...imageHandlers(options),
      ...healingHandlers(options),
      ...incidentHandlers(options),
      ...topologyHandlers(options),
      ...provisioningHandlers(options),
      ...rolloutHandlers(options),
      ...sessionHandlers(options, () => url),
      ...accountHandlers(options),
      ...auditHandlers(options),
      ...backupHandlers(options),
      ...doctorHandlers(options),
      ...overlayHandlers(options),
      ...switchHandlers(options),
    };
    pageRoutes(app, options);
    mount(app, kind, ROUTES, handlers, {
      rights: ROUTE_RIGHTS,
      fleetOf: (caller) => access.scoped(wholeFleet, caller),
      idempotency: options.idempotency,
    });
    return app;
  });
  const [page, admin] = doors;
  assert(page !== undefined && admin !== undefined, 'there are two doors');

  const close = async (): Promise<void> => {
    stopListening();
    streams.stop();
    await Promise.all([page.close(), admin.close()]);
  };
  try {
    metrics.start();
    streams.start();
    url = await listenOnPage(page, options.page);
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
