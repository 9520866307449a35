import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { VERSION } from '../proto/contract/build.js';
import { BrambleError } from '../proto/contract/errors.js';
import type { SiteId } from '../proto/contract/ids.js';
import { openAlerts } from './alerts/open-alerts.js';
import { BackupFolder, isRestoreUnfinished } from './backups/backup-folder.js';
import { restoreBackup } from './backups/restore.js';
import { Closers } from './closers.js';
import { type ControllerConfig, parseConfig } from './config/config.js';
import { type Flags, parseFlags, USAGE, withFlags } from './config/flags.js';
import { parseHealingPolicy } from './config/healing-policy.js';
import { readConfigFile } from './config/read-config.js';
import { prepareDataDir } from './data-dir.js';
import { lockDataDir } from './data-lock.js';
import { expectsUpload } from './domain/command-lifecycle.js';
import { makeDrain } from './drain/make-drain.js';
import { enrolEndpoint, linkEndpoints } from './endpoints.js';
import { HostWatch } from './host-facts.js';
import { type OpenedImages, openImages } from './image-shelf.js';
import { openLog, type ProcessLog } from './log.js';
import { allMeasures } from './measures.js';
import { openUplinks } from './open-uplinks.js';
import { makeOverlay, type OpenedOverlay } from './overlay/open-overlay.js';
import { type OpenedAuthority, openAuthority } from './pki/authority.js';
import { ScryptPasswords } from './pki/passwords.js';
import { AskedUploads } from './rpc/asked-uploads.js';
import { commandCodec } from './rpc/command-codec.js';
import { startIntrospection } from './rpc/introspection.js';
import { type RpcServer, startRpcServer } from './rpc/server.js';
import { UPLOAD_RETENTION, UploadFiles } from './rpc/upload-files.js';
import type { UploadSink } from './rpc/upload-sink.js';
import { adoptDatabaseCopy } from './store/adopt-copy.js';
import { openStore } from './store/open-store.js';
import type { SqliteStore } from './store/sqlite-store.js';
import { systemClock, systemRandom, systemTimers } from './system.js';
import { makeNotifier } from './systemd.js';
import { cronScheduler, Ticks } from './ticks/cron.js';
import { storeTicks } from './ticks/store-ticks.js';
import { pageCertificate, readTlsFiles } from './tls-files.js';
import { Access } from './usecases/access/access.js';
import { Backups } from './usecases/backups.js';
import { type Controller, startController } from './usecases/controller.js';
import type { HealingPorts } from './usecases/core.js';
import { Doctor } from './usecases/doctor.js';
import type { HistoryRecorder } from './usecases/history-recorder.js';
import type { World } from './usecases/ports.js';
import { DEFAULT_RETENTION, pruneStore, type Retention } from './usecases/prune-history.js';
import type { SiteUplinks } from './usecases/uplink/site-uplinks.js';
import { startWatchdog } from './watchdog.js';
import { loadAssets } from './web/assets.js';
import { assertGuarded } from './web/guards.js';
import type { PartReadiness } from './web/options.js';
import { startWebServer } from './web/server.js';

/** Streams get this long for their goodbye. */
const RPC_GRACE_MS = 1_000;
/** An end that takes longer than this is no longer orderly: what is committed is safe, and the process ends. */
const STOP_MS_MAX = 5_000;
/** A store that does not answer within this time is not ready. */
const STORE_ANSWER_MS_MAX = 2_000;

process.exitCode = await main(process.argv.slice(2));

async function main(argv: readonly string[]): Promise<number> {
  let flags: Flags;
  try {
    flags = parseFlags(argv);
  } catch (thrown) {
    process.stderr.write(`${USAGE}\n${startError(thrown)}`);
    return 2;
  }
  if (flags.mode !== 'run') {
    process.stdout.write(flags.mode === 'help' ? USAGE : `${VERSION}\n`);
    return 0;
  }
  return flags.restore === undefined ? run(flags) : restore(flags, flags.restore);
}

/** Offline: the lock says that no controller runs on this data. */
async function restore(flags: Flags, backup: string): Promise<number> {
  process.umask(0o077);
  try {
    const { dataDir } = await readConfig(flags);
    await prepareDataDir(dataDir);
    const lock = await lockDataDir(dataDir, process.pid);
    try {
      const restored = await restoreBackup(backup, dataDir, { clock: systemClock, adopt: adoptDatabaseCopy });
      process.stdout.write(`${JSON.stringify({ dataDir, ...restored })}\n`);
    } finally {
      await lock.release();
    }
    return 0;
  } catch (thrown) {
    process.stderr.write(startError(thrown));
    return 1;
  }
}

async function run(flags: Flags): Promise<number> {
  process.umask(0o077);
  const stopAsked = nextStopSignal();
  let log: ProcessLog = openLog('info');
  const closers = new Closers();
  try {
    const config = await readConfig(flags);
    log = openLog(config.log.level);
    const controller = await open(config, log, closers);
    const notifier = makeNotifier(process.env, log);
    process.stdout.write(`${JSON.stringify({ ready: true, ...controller.addresses })}\n`);
    log.info({ version: VERSION, dataDir: config.dataDir, ...controller.addresses }, 'controller is ready');
    await notifier.ready();
    const { watchdogMs, alive } = notifier;
    if (watchdogMs !== undefined) {
      const { progress } = controller;
      const stopWatchdog = startWatchdog({ limitMs: watchdogMs, progress, alive, timers: systemTimers });
      closers.add('watchdog', () => Promise.resolve(stopWatchdog()));
    }
    log.info({ signal: await stopAsked }, 'controller stops');
    await notifier.stopping();
    await stopWithin(closers, log);
    return 0;
  } catch (thrown) {
    await closers.closeAll(log);
    log.flush();
    process.stderr.write(startError(thrown));
    return 1;
  }
}

interface RunningController {
  readonly addresses: { readonly http: string; readonly linkPort: number; readonly enrolPort: number };
  /** Settles when a transaction got through the store. */
  readonly progress: () => Promise<unknown>;
}

/** Whether tunnels are there, as healing asks. */
function tunnelSight(opened: OpenedOverlay | undefined): Pick<HealingPorts, 'tunnelOf'> {
  return { tunnelOf: opened && ((site) => opened.overlay.tunnelOf(site)) };
}

/** Opens everything, what others lean on first. Each part adds its own way to be closed. */
async function open(config: ControllerConfig, log: ProcessLog, closers: Closers): Promise<RunningController> {
  const { dataDir } = config;
  const world: World = { clock: systemClock, random: systemRandom, timers: systemTimers, log };
  assertGuarded(config.http); // before anything is made
  const tls = config.http.tls === undefined ? undefined : await readTlsFiles(config.http.tls);
  const assets = await loadAssets(fileURLToPath(new URL('./dashboard/', import.meta.url)));
  await takeDataDir(dataDir, closers);
  const authority = await openAuthority({ dir: join(dataDir, 'pki'), clock: systemClock, random: systemRandom });
  const store = await openStore(dataDir, world, closers);
  const hostWatch = startHostWatch(dataDir, closers);
  let linkPort = config.link.port; // the kernel's choice, once it is bound
  const uplinks = await openUplinks(config.overlay?.prefix, { store, world }, closers);
  const uplinkOf = (site: SiteId) => uplinks.budgetOf(site);
  const late = { controller: () => controller, controllerPorts: () => [rpc.linkPort, rpc.enrolPort] };
  const opened = config.overlay && makeOverlay(config.overlay, { dataDir, store, world, authority, uplinkOf, ...late });
  const alerts = await openAlerts(config.alerts, systemClock);
  const controller = await startController({
    ...{ store, world, authority, trust: authority.trust, codec: commandCodec },
    endpoints: () => linkEndpoints(config, linkPort),
    healing: {
      ...tunnelSight(opened),
      parsePolicy: parseHealingPolicy,
      loopLagMs: () => hostWatch.loopLagMs(),
      channels: alerts.channels,
    },
    options: { reportIntervalMs: config.cadence.reportIntervalMs },
    tunnels: opened?.overlay,
    uplinks,
    drain: await makeDrain(config.drain, () => systemClock.nowMs()),
  });
  const sender = alerts.start({ store, world });
  closers.add('controller', () => controller.stop()).add('alerts', () => sender.stop());
  const uploads = new UploadFiles(join(dataDir, 'uploads'));
  const images = openImages(dataDir, { store, trust: authority.trust, world }, systemClock);
  const rpc = await openDoors(
    config,
    { world, controller, authority, uploads: askedUploads(uploads, store), images, uplinks },
    closers,
  );
  linkPort = rpc.linkPort;
  await opened?.start((name, close) => closers.add(name, close));
  await introspect(config, log, closers);
  const { core, history } = controller;
  const ticks = startTicks(config, { store, history, uploads, images, log }, closers);

  const progress = () => store.transact((writer) => writer.setting('epoch'));
  const access = makeAccess(store, world, authority);
  const doctor = makeDoctor(config, { controller, store, world, authority, rpc, progress, tls, hostWatch });
  const web = await startWebServer({
    ...desksOf(controller),
    access,
    backups: makeBackups(dataDir, store, world, core),
    doctor,
    metricsOpenOnLoopback: config.http.metrics === 'loopback',
    uploads,
    images: images.images,
    overlay: opened?.desk,
    join: { spkiPin: authority.rootPin, enrollEndpoint: enrolEndpoint(config, rpc) },
    readiness: () => readiness(progress, rpc),
    measures: () => allMeasures({ core, rpc, store, history, ticks, overlay: opened }),
    assets,
    page: { host: config.http.host, port: config.http.port, names: config.http.names, tls },
    adminSocket: join(dataDir, 'admin.sock'),
    ...world,
  });
  closers.add('access', () => access.trail.settled()).add('web', () => web.close());
  return { addresses: { http: web.url, linkPort, enrolPort: rpc.enrolPort }, progress };
}

/** What people ask of the controller's middle. */
function desksOf({ api, ports, audit, idempotency, history, healing, provisioning, rollouts }: Controller) {
  return { wholeFleet: api, switches: ports, audit, idempotency, history, healing, provisioning, rollouts };
}

function askedUploads(files: UploadFiles, { reader }: SqliteStore): AskedUploads {
  return new AskedUploads(files, async (id) => {
    const record = await reader.command(id);
    return record !== undefined && expectsUpload(record) ? record.nodeId : undefined;
  });
}

function makeDoctor(
  config: ControllerConfig,
  parts: {
    readonly controller: Controller;
    readonly store: SqliteStore;
    readonly world: World;
    readonly authority: OpenedAuthority;
    readonly rpc: RpcServer;
    readonly progress: () => Promise<unknown>;
    readonly tls: { readonly certificatePem: string } | undefined;
    readonly hostWatch: HostWatch;
  },
): Doctor {
  const { controller, store, world, authority, rpc, progress, tls, hostWatch } = parts;
  return new Doctor({
    ...{ fleet: controller.api, store, world },
    host: () => hostWatch.facts(),
    storeFacts: async () => ({ schemaVersion: store.schemaVersion, sizeBytes: await store.sizeBytes() }),
    parts: () => readiness(progress, rpc),
    certificates: () => [...authority.certificateFacts, ...(tls === undefined ? [] : [pageCertificate(tls)])],
    endpoints: () => ({ link: linkEndpoints(config, rpc.linkPort), enrol: enrolEndpoint(config, rpc) }),
  });
}

function startHostWatch(dataDir: string, closers: Closers): HostWatch {
  const watch = new HostWatch(dataDir, systemTimers);
  watch.start();
  closers.add('host watch', () => Promise.resolve(watch.stop()));
  return watch;
}

function makeAccess(store: SqliteStore, world: World, { trust }: OpenedAuthority): Access {
  return new Access({ store, world, trust, passwords: new ScryptPasswords(systemRandom) });
}

/** For tools on this machine, where it is wanted. */
async function introspect({ introspectionPort }: ControllerConfig, log: ProcessLog, closers: Closers): Promise<void> {
  if (introspectionPort === undefined) return;
  const introspection = await startIntrospection(introspectionPort);
  closers.add('introspection', () => introspection.close());
  log.info({ port: introspection.port }, 'gRPC health and reflection are served on 127.0.0.1');
}

async function takeDataDir(dataDir: string, closers: Closers): Promise<void> {
  await prepareDataDir(dataDir);
  const lock = await lockDataDir(dataDir, process.pid);
  closers.add('lock', () => lock.release());
  if (!(await isRestoreUnfinished(dataDir))) return;
  throw new BrambleError('failed-precondition', `a restore into ${dataDir} was cut off`, {
    hint: 'run bramble restore again; what it replaced is kept in the folders replaced-* there',
  });
}

function makeBackups(dataDir: string, store: SqliteStore, world: World, core: Controller['core']): Backups {
  const { clock } = world;
  const { schemaVersion } = store;
  const files = new BackupFolder({ dataDir, clock, schemaVersion, copyDatabase: (toPath) => store.backup(toPath) });
  return new Backups({ store, world, files, core, hostName: hostname() });
}

async function openDoors(
  { link, enrol }: ControllerConfig,
  parts: {
    readonly world: World;
    readonly controller: Controller;
    readonly authority: OpenedAuthority;
    readonly uploads: UploadSink;
    readonly images: OpenedImages;
    readonly uplinks: SiteUplinks;
  },
  closers: Closers,
): Promise<RpcServer> {
  const { world, controller, authority, uploads, images, uplinks } = parts;
  const { core, enrollments, renewals, identities } = controller;
  const rpc = await startRpcServer({
    identity: authority,
    gate: core.gate,
    enrollments,
    renewals,
    identities,
    uploads,
    images,
    uplinks,
    listen: { enrolHost: enrol.host, enrolPort: enrol.port, linkHost: link.host, linkPort: link.port },
    ...world,
  });
  closers.add('rpc', async () => {
    core.sessions.closeAll('shutdown'); // while there is still a stream to say goodbye on
    await rpc.close(RPC_GRACE_MS);
  });
  return rpc;
}

function startTicks(
  { retention }: ControllerConfig,
  parts: {
    readonly store: SqliteStore;
    readonly history: HistoryRecorder;
    readonly uploads: UploadFiles;
    readonly images: OpenedImages;
    readonly log: ProcessLog;
  },
  closers: Closers,
): Ticks {
  const { store, history, uploads, images, log } = parts;
  const kept: Retention = { ...DEFAULT_RETENTION, ...retention, agentEventsMs: retention.eventsMs };
  const now = (): number => systemClock.nowMs();
  const care = {
    flushHistory: () => history.flushDue(now()),
    repackHistory: () => history.repack(now()),
    prune: () => pruneStore({ store, sizeBytes: () => store.sizeBytes(), log }, kept, now()),
    sweepImages: () => images.sweep(),
    pruneUploads: () => uploads.prune(UPLOAD_RETENTION, now()),
    checkpoint: () => store.checkpoint(),
  };
  const ticks = new Ticks(cronScheduler, log, storeTicks(care, systemRandom.unit()));
  ticks.start();
  closers.add('ticks', () => ticks.stop());
  return ticks;
}

async function readiness(progress: () => Promise<unknown>, rpc: RpcServer): Promise<readonly PartReadiness[]> {
  const answer = progress().then(
    () => ({ ready: true, detail: 'takes transactions' }),
    (thrown: unknown) => ({ ready: false, detail: BrambleError.from(thrown).message }),
  );
  const late = new Promise<{ ready: boolean; detail: string }>((settle) => {
    systemTimers.after(STORE_ANSWER_MS_MAX, () => {
      settle({ ready: false, detail: `no answer within ${STORE_ANSWER_MS_MAX / 1_000} s` });
    });
  });
  const { linkPort, enrolPort } = rpc;
  return [
    { part: 'store', ...(await Promise.race([answer, late])) },
    { part: 'link', ready: linkPort > 0, detail: `listens on port ${linkPort}` },
    { part: 'enrol', ready: enrolPort > 0, detail: `listens on port ${enrolPort}` },
  ];
}

/** @throws BrambleError `failed-precondition` (not readable), `invalid-argument` */
async function readConfig(flags: Flags): Promise<ControllerConfig> {
  const dataDir = flags.data === undefined ? undefined : resolve(flags.data);
  if (flags.config === undefined) return withFlags(parseConfig(undefined, 'the configuration'), flags, dataDir);
  const path = flags.config;
  return withFlags(parseConfig(await readConfigFile(path), path), flags, dataDir);
}

function nextStopSignal(): Promise<string> {
  return new Promise((resolveSignal) => {
    process.once('SIGTERM', resolveSignal);
    process.once('SIGINT', resolveSignal);
  });
}

async function stopWithin(closers: Closers, log: ProcessLog): Promise<void> {
  const cancel = systemTimers.after(STOP_MS_MAX, () => {
    log.error({ limitMs: STOP_MS_MAX }, 'the end took too long');
    log.flush();
    process.exit(1);
  });
  await closers.closeAll(log);
  cancel();
  log.info({}, 'controller has stopped');
  log.flush();
}

/** One line: what, where, and what to do. The stack of a bug follows. */
function startError(thrown: unknown): string {
  const error = BrambleError.from(thrown);
  const hint = error.hint === undefined ? '' : ` What to do: ${error.hint}.`;
  const stack = error.code === 'internal' ? `${error.stack ?? ''}\n` : '';
  return `${stack}bramble-controller: ${error.message}.${hint}\n`;
}
