import { Server, type ServerOptions, type ServiceDefinition } from '@grpc/grpc-js';
import type { Clock } from '../../proto/contract/clock.js';
import { SERVER_OPTIONS } from '../../proto/wire/channel.js';
import { StringPool } from '../../proto/wire/series.js';
import { BrambleServerCredentials, type ServerIdentity } from '../../proto/wire/server-credentials.js';
import type { AgentGate, AgentPeer } from '../usecases/agent-messages.js';
import type { ImagePlaces } from '../usecases/images/image-places.js';
import type { Images } from '../usecases/images/images.js';
import type { Log, Timers } from '../usecases/ports.js';
import { BulkService, bulkService } from './bulk-service.js';
import { RpcCounters } from './counters.js';
import { Edge } from './edge.js';
import {
  type Enroller,
  EnrollService,
  enrollService,
  type Renewer,
  RenewService,
  renewService,
} from './enrollment-service.js';
import { Health, HealthService } from './health-service.js';
import { ImagesService, imagesService } from './images-service.js';
import { DEFAULT_LIMITS, type RpcLimits, TokenBuckets } from './limits.js';
import { LinkService, linkService } from './link-service.js';
import { type Listener, listen } from './listener.js';
import { PeerSessions, type ReadCertificate } from './peer-sessions.js';
import { NO_UPLINKS, type UplinkGate } from './uplink-gate.js';
import type { UploadSink } from './upload-sink.js';

/** What the server proves itself with, and whom it believes. The authority is one. */
export interface RpcIdentity {
  readonly serverIdentity: ServerIdentity;
  /** Roots of members' certificates. */
  readonly trustRootsPem: string;
  readonly readNodeCertificate: ReadCertificate;
  onServerIdentity(listener: (identity: ServerIdentity) => void): () => void;
  /** Called now and then; renews the server's certificate in time. */
  maintain(): Promise<void>;
}

export interface RpcServerOptions {
  readonly identity: RpcIdentity;
  readonly gate: AgentGate;
  readonly enrollments: Enroller;
  readonly renewals: Renewer;
  readonly identities: { check(spkiSha256: string): AgentPeer };
  readonly uploads: UploadSink;
  /** Absent: this controller has no images. */
  readonly images?: {
    readonly images: Images;
    readonly places: ImagePlaces;
  };
  /** Absent: nothing is held back, and nothing charged. */
  readonly uplinks?: UplinkGate;
  readonly listen: {
    readonly enrolHost: string;
    readonly enrolPort: number;
    readonly linkHost: string;
    readonly linkPort: number;
  };
  readonly limits?: Partial<RpcLimits>;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
}

export interface RpcServer {
  readonly enrolPort: number;
  readonly linkPort: number;
  /** Flat numbers for /metrics; names ending in `_total` only go up. */
  counters(): Record<string, number>;
  /** Lets nobody in, waits for calls to end, and ends them after `graceMs`. */
  close(graceMs: number): Promise<void>;
}

const SWEEP_MS = 60_000;
const METER_MS = 5_000;
/** Connections without a call are given up after this time. */
const LINK_IDLE_MS = 300_000;
const ENROL_IDLE_MS = 60_000;

interface Door {
  readonly server: Server;
  readonly sessions: PeerSessions;
  readonly credentials: BrambleServerCredentials;
  listener: Listener | undefined;
}

/**
 * Two doors. Strangers reach the enrol listener: Enroll and health, nothing else is even registered there. Members reach the
 * link listener: mutual TLS before the first byte of a call.
 * @throws BrambleError `failed-precondition` for an address that cannot be listened on
 */
export async function startRpcServer(options: RpcServerOptions): Promise<RpcServer> {
  const { identity, clock, timers, log } = options;
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const counters = new RpcCounters();
  const asks = new TokenBuckets(limits.asksPerSecond, limits.asksBurst);
  const base = { clock, log, counters, limits };
  const link = makeDoor(BrambleServerCredentials.forMembers(identity.serverIdentity, identity.trustRootsPem), {
    sessions: new PeerSessions({
      ...base,
      readCertificate: (certificate) => identity.readNodeCertificate(certificate),
    }),
    idleMs: LINK_IDLE_MS,
  });
  const enrol = makeDoor(BrambleServerCredentials.forStrangers(identity.serverIdentity), {
    sessions: new PeerSessions({ ...base, readCertificate: undefined }),
    idleMs: ENROL_IDLE_MS,
  });
  const edgeOf = ({ sessions }: Door): Edge => new Edge({ ...base, sessions, identities: options.identities });
  const [linkEdge, enrolEdge] = [edgeOf(link), edgeOf(enrol)];
  const health = {
    link: new Health([LinkService, RenewService, BulkService, ImagesService].map(serviceName)),
    enrol: new Health([serviceName(EnrollService)]),
  };
  addMemberServices(link.server, options, { ...base, edge: linkEdge });
  link.server.addService(HealthService, health.link.service());
  enrol.server.addService(EnrollService, enrollService(enrolEdge, options.enrollments, { asks, clock, counters }));
  enrol.server.addService(HealthService, health.enrol.service());

  const doors = [link, enrol];
  try {
    await openDoors({ link, enrol }, options, { limits, counters });
  } catch (thrown) {
    await Promise.all(doors.map((door) => closeDoor(door, timers, 0)));
    throw thrown;
  }
  const stopWatching = identity.onServerIdentity((renewed) => {
    for (const { credentials } of doors) credentials.replace(renewed);
  });
  let cancelSweep = (): void => undefined;
  const sweep = (): void => {
    cancelSweep = timers.after(SWEEP_MS, sweep);
    asks.sweep(clock.monotonicMs());
    for (const { sessions } of doors) sessions.sweep();
    identity.maintain().catch((thrown: unknown) => {
      log.error({ err: thrown }, 'the server’s certificate could not be renewed; tried again in a minute');
    });
  };
  cancelSweep = timers.after(SWEEP_MS, sweep);
  const stopMeter = startMeter(link.sessions, options);
  return {
    enrolPort: enrol.listener?.port ?? 0,
    linkPort: link.listener?.port ?? 0,
    counters: () => ({
      ...counters.snapshot(),
      link_connections: link.sessions.count,
      enrol_connections: enrol.sessions.count,
    }),
    async close(graceMs) {
      health.link.stop();
      health.enrol.stop();
      cancelSweep();
      stopMeter();
      stopWatching();
      await Promise.all(doors.map((door) => closeDoor(door, timers, graceMs)));
    },
  };
}

/** @returns how to stop */
function startMeter({ traffic }: PeerSessions, { uplinks = NO_UPLINKS, timers }: RpcServerOptions): () => void {
  let cancel = (): void => undefined;
  const look = (): void => {
    cancel = timers.after(METER_MS, look);
    uplinks.carried(traffic.take());
  };
  look();
  return () => cancel();
}

/** What members may ask for. */
function addMemberServices(
  server: Server,
  { gate, uploads, images, renewals, timers, uplinks = NO_UPLINKS }: RpcServerOptions,
  base: {
    readonly edge: Edge;
    readonly clock: Clock;
    readonly log: Log;
    readonly counters: RpcCounters;
    readonly limits: RpcLimits;
  },
): void {
  const { edge, counters, limits } = base;
  server.addService(LinkService, linkService({ ...base, gate, timers, uplinks, strings: new StringPool() }));
  server.addService(RenewService, renewService(edge, renewals));
  server.addService(BulkService, bulkService({ edge, uploads, timers, counters, limits, uplinks }));
  if (images === undefined) return;
  server.addService(ImagesService, imagesService({ ...images, ...base, uplinks, timers }));
}

/** "bramble.agent.v1.Link", from the path of its first method. */
function serviceName(definition: ServiceDefinition): string {
  return Object.values(definition)[0]?.path.split('/')[1] ?? '';
}

function makeDoor(
  credentials: BrambleServerCredentials,
  { sessions, idleMs }: { readonly sessions: PeerSessions; readonly idleMs: number },
): Door {
  const options: ServerOptions = { ...SERVER_OPTIONS, 'grpc.max_connection_idle_ms': idleMs };
  return { server: new Server(options), sessions, credentials, listener: undefined };
}

async function openDoors(
  { link, enrol }: { readonly link: Door; readonly enrol: Door },
  { listen: at }: RpcServerOptions,
  { limits, counters }: { readonly limits: RpcLimits; readonly counters: RpcCounters },
): Promise<void> {
  const { linkConnectionsMax, enrolConnectionsMax } = limits;
  link.listener = await listen({
    ...link,
    ...{ host: at.linkHost, port: at.linkPort, connectionsMax: linkConnectionsMax, setting: 'link.port', counters },
  });
  enrol.listener = await listen({
    ...enrol,
    ...{ host: at.enrolHost, port: at.enrolPort, connectionsMax: enrolConnectionsMax, setting: 'enrol.port', counters },
  });
}

async function closeDoor({ server, sessions, listener }: Door, timers: Timers, graceMs: number): Promise<void> {
  listener?.stopAccepting();
  await new Promise<void>((resolve) => {
    const force = (): void => {
      server.forceShutdown();
      sessions.destroyAll();
      resolve();
    };
    const cancel = timers.after(graceMs, force);
    server.tryShutdown(() => {
      cancel();
      resolve();
    });
  });
}
