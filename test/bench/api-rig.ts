import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BackupFolder } from '../../controller/backups/backup-folder.js';
import { actorOf } from '../../controller/domain/access/actor.js';
import { openImages } from '../../controller/image-shelf.js';
import { openAuthority } from '../../controller/pki/authority.js';
import { ScryptPasswords } from '../../controller/pki/passwords.js';
import { commandCodec } from '../../controller/rpc/command-codec.js';
import { openSqliteStore } from '../../controller/store/sqlite-store.js';
import { systemClock, systemRandom, systemTimers } from '../../controller/system.js';
import { Access } from '../../controller/usecases/access/access.js';
import type { AgentHello, AgentSession } from '../../controller/usecases/agent-messages.js';
import { Backups } from '../../controller/usecases/backups.js';
import { type Controller, startController } from '../../controller/usecases/controller.js';
import { healingPorts } from '../../controller/usecases/testing/healing-ports.js';
import { loadAssets } from '../../controller/web/assets.js';
import { startWebServer } from '../../controller/web/server.js';
import { nodeId, siteId } from '../../proto/contract/ids.js';
import { seededRandom } from '../../proto/contract/random.js';
import { QUIET } from './fleet-on-disk.js';
import { makeRealisticNode, realisticReport } from './realistic.js';

/** The HTTP API as the program serves it, over a store on disk, with a fleet that reports. */
export interface ApiRig {
  readonly port: number;
  /** Of a program that may do everything. */
  readonly token: string;
  readonly nodesCount: number;
  /** So many nodes, in turn, report what has changed. */
  report(count: number): void;
  /** Commits so many events in one transaction; resolves with the id of the last. */
  addEvents(count: number): Promise<number>;
  readersCount(): Promise<number>;
  /** Of the page, for one who may do everything; opens it once. */
  loginUrl(): Promise<string>;
  close(): Promise<void>;
}

const SITES = 20;
const NODES_PER_TRANSACTION = 500;

export async function startApiRig(nodesCount: number): Promise<ApiRig> {
  const dir = mkdtempSync(join(tmpdir(), 'bramble-bench-api-'));
  const world = { clock: systemClock, random: systemRandom, timers: systemTimers, log: QUIET };
  const authority = await openAuthority({ dir: join(dir, 'pki'), ...world });
  const store = await openSqliteStore({
    path: join(dir, 'bramble.db'),
    mode: 'threads',
    clock: systemClock,
    log: QUIET,
    workerUrl: new URL('../bramble-controller-store.mjs', import.meta.url),
  });
  for (let from = 0; from < nodesCount; from += NODES_PER_TRANSACTION) {
    await store.transact(async (writer) => {
      for (let n = from; n < Math.min(nodesCount, from + NODES_PER_TRANSACTION); n++) {
        await writer.putNode(nodeOf(n));
        const labels = { rack: String(n % 40), shelf: String(n % 7) };
        await writer.putNodeSettings({ nodeId: idOf(n), labels, capabilities: {}, revision: 2 });
      }
    });
  }
  const { trust } = authority;
  const deps = { store, world, authority, trust, codec: commandCodec, healing: healingPorts, endpoints: () => [] };
  const controller = await startController(deps);
  const report = await connectAll(controller, nodesCount);
  const access = new Access({ store, world, trust, passwords: new ScryptPasswords(systemRandom) });
  const server = await startWebServer({
    wholeFleet: controller.api,
    access,
    audit: controller.audit,
    backups: new Backups({
      store,
      world,
      files: new BackupFolder({
        dataDir: dir,
        clock: systemClock,
        schemaVersion: store.schemaVersion,
        copyDatabase: (toPath) => store.backup(toPath),
      }),
      core: controller.core,
      hostName: 'bench',
    }),
    doctor: { facts: () => Promise.reject(new Error('no doctor is asked here')) },
    metricsOpenOnLoopback: true,
    uploads: { find: async () => undefined },
    images: openImages(dir, { store, trust, world }, systemClock).images,
    healing: controller.healing,
    provisioning: controller.provisioning,
    rollouts: controller.rollouts,
    idempotency: controller.idempotency,
    switches: controller.ports,
    history: controller.history,
    join: { spkiPin: '', enrollEndpoint: '' },
    readiness: async () => [],
    measures: async () => [],
    assets: await loadAssets(fileURLToPath(new URL('../dashboard', import.meta.url))),
    page: { host: '127.0.0.1', port: 0 },
    adminSocket: join(dir, 'admin.sock'),
    ...world,
  });
  const administrator = { kind: 'administrator', name: 'bench' } as const;
  const caller = { principal: administrator, actor: actorOf(administrator, 'bench', '') };
  const grants = [{ role: 'fleet-admin' }] as const;
  const { token } = await access.apiTokens.create({ label: 'bench', grants: [...grants], ttlMs: 3_600_000 }, caller);
  let events = 0;
  return {
    port: Number(new URL(server.url).port),
    token: token.reveal(),
    nodesCount,
    report,
    async addEvents(count) {
      const lastId = await store.transact(async (writer) => {
        let id = 0;
        for (let n = 0; n < count; n++) {
          const message = `DiskSpaceLow: ${(events % 100) / 10} % free on /srv, event ${events}`;
          const event = { atMs: systemClock.nowMs(), nodeId: idOf(events % nodesCount), severity: 'warning' } as const;
          ({ id } = await writer.addFleetEvent({ ...event, reason: 'ConditionRaised', message }));
          events += 1;
        }
        return id;
      });
      controller.core.onCommitted();
      return lastId;
    },
    readersCount: async () => {
      const text = await (await fetch(`${server.url}/metrics`)).text();
      return Number(/^bramble_event_stream_readers (\d+)$/m.exec(text)?.[1]);
    },
    loginUrl: async () => `${server.url}${(await access.createLoginLink(60_000, caller)).path}`,
    async close() {
      await server.close();
      await controller.stop();
      await store.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

const idOf = (n: number) => nodeId(`n-${n.toString(36).padStart(13, '0')}`);

const nodeOf = (n: number) =>
  ({
    id: idOf(n),
    site: siteId(`site-${n % SITES}`),
    kind: 'pi',
    name: `pi-${n}`,
    lifecycle: 'enrolled',
    board: { model: 'Raspberry Pi 3 Model B Rev 1.2', serial: n.toString(16).padStart(16, '0'), macAddresses: [] },
    enrolledAtMs: 0,
    desiredRevision: 0,
  }) as const;

/** Every node says hello and reports in full; the answer lets the next ones report again. */
async function connectAll({ core }: Controller, count: number): Promise<(count: number) => void> {
  const senders: {
    readonly session: AgentSession;
    readonly samples: ReturnType<typeof makeRealisticNode>;
    sequence: number;
  }[] = [];
  const send = (sender: (typeof senders)[number], full: boolean): void => {
    sender.sequence += 1;
    const changes = sender.samples();
    sender.session.receive({
      kind: 'report',
      report: { sequence: sender.sequence, full, takenAtMs: sender.sequence * 30_000, changes },
    });
  };
  const first = await realisticReport();
  for (let n = 0; n < count; n++) {
    const { id, site, kind } = nodeOf(n);
    const connection = {
      peer: { nodeId: id, site, kind, spkiSha256: '' },
      from: '127.0.0.1:1',
      send: () => undefined,
      close: () => undefined,
    };
    const session = await core.gate.connect(connection, hello(n));
    const sender = { session, samples: makeRealisticNode(first, seededRandom(n)), sequence: 0 };
    senders.push(sender);
    send(sender, true);
  }
  let next = 0;
  return (wanted) => {
    for (let n = 0; n < wanted; n++) {
      const sender = senders[next];
      next = (next + 1) % senders.length;
      if (sender !== undefined) send(sender, false);
    }
  };
}

function hello(n: number): AgentHello {
  return {
    kind: 'pi',
    board: nodeOf(n).board,
    bootId: `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`,
    processNonce: String(n),
    agentVersion: '0.0.0-bench',
    ledgerHead: { newestCommandIds: [], entriesCount: 0, epochHighest: 0 },
    auditHeads: [],
    outboxHead: { oldestSequence: 0, nextSequence: 1, droppedCount: 0 },
    desiredRevisionReached: 0,
    supportedActions: ['reboot'],
    wallClockMs: 0,
    clockUntrusted: false,
    uptimeMs: 100_000,
  };
}
