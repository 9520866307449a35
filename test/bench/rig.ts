import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openImages } from '../../controller/image-shelf.js';
import { openAuthority } from '../../controller/pki/authority.js';
import { commandCodec } from '../../controller/rpc/command-codec.js';
import { startRpcServer } from '../../controller/rpc/server.js';
import { UploadFiles } from '../../controller/rpc/upload-files.js';
import { openSqliteStore } from '../../controller/store/sqlite-store.js';
import { systemClock, systemRandom, systemTimers } from '../../controller/system.js';
import { type Controller, startController } from '../../controller/usecases/controller.js';
import { healingPorts } from '../../controller/usecases/testing/healing-ports.js';
import { QUIET } from './fleet-on-disk.js';

/** A controller inside the benchmark, on real gRPC: it counts reports and sets the pace. */
export interface Rig {
  readonly dir: string;
  readonly controller: Controller;
  readonly linkPort: number;
  readonly enrolPort: number;
  readonly rootPin: string;
  /** What agents that enrol from now on are told to connect to. */
  advertise(endpoint: string): void;
  close(): Promise<void>;
}

export async function startRig(reportIntervalMs: number): Promise<Rig> {
  const dir = mkdtempSync(join(tmpdir(), 'bramble-bench-'));
  const world = { clock: systemClock, random: systemRandom, timers: systemTimers, log: QUIET };
  const authority = await openAuthority({ dir: join(dir, 'pki'), ...world });
  const store = await openSqliteStore({ path: ':memory:', mode: 'inline', clock: systemClock, log: QUIET });
  let endpoint = '';
  const controller = await startController({
    store,
    world,
    authority,
    trust: authority.trust,
    codec: commandCodec,
    healing: healingPorts,
    endpoints: () => [endpoint],
    options: { reportIntervalMs },
  });
  const { core, enrollments, renewals, identities } = controller;
  const { images, places } = openImages(dir, { store, trust: authority.trust, world }, systemClock);
  const rpc = await startRpcServer({
    identity: authority,
    gate: core.gate,
    enrollments,
    renewals,
    identities,
    uploads: new UploadFiles(join(dir, 'uploads')),
    images: { images, places },
    listen: { enrolHost: '127.0.0.1', enrolPort: 0, linkHost: '127.0.0.1', linkPort: 0 },
    ...world,
  });
  endpoint = `127.0.0.1:${rpc.linkPort}`;
  return {
    dir,
    controller,
    linkPort: rpc.linkPort,
    enrolPort: rpc.enrolPort,
    rootPin: authority.rootPin,
    advertise: (other) => {
      endpoint = other;
    },
    async close() {
      await controller.stop();
      await rpc.close(500);
      await store.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
