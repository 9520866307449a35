import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { makeNodeKeys } from '../../agent/kit/host/node/keys.js';
import type { TlsIdentity } from '../../agent/kit/host/ports.js';
import { openAuthority } from '../../controller/pki/authority.js';
import { commandCodec } from '../../controller/rpc/command-codec.js';
import { openSqliteStore } from '../../controller/store/sqlite-store.js';
import { systemClock, systemRandom, systemTimers } from '../../controller/system.js';
import { startController } from '../../controller/usecases/controller.js';
import type { Enrollments } from '../../controller/usecases/enroll.js';
import type { Log } from '../../controller/usecases/ports.js';
import { by } from '../../controller/usecases/testing/by.js';
import { healingPorts } from '../../controller/usecases/testing/healing-ports.js';
import type { ServerIdentity } from '../../proto/wire/server-credentials.js';

export interface FleetOnDisk {
  readonly identities: readonly TlsIdentity[];
  readonly serverIdentity: ServerIdentity;
  readonly trustRootsPem: string;
}

export const QUIET: Log = {
  info: () => undefined,
  warn: (fields, message) => process.stderr.write(`${message} ${JSON.stringify(fields)}\n`),
  error: (fields, message) => process.stderr.write(`${message} ${JSON.stringify(fields)}\n`),
};

/** Makes a controller's data folder with a fleet that is enrolled already: through the real use cases, without the network. */
export async function prepareFleet(dataDir: string, count: number): Promise<FleetOnDisk> {
  const world = { clock: systemClock, random: systemRandom, timers: systemTimers, log: QUIET };
  const authority = await openAuthority({ dir: join(dataDir, 'pki'), ...world });
  const path = join(dataDir, 'bramble.db');
  const store = await openSqliteStore({ path, mode: 'inline', clock: systemClock, log: QUIET });
  const { trust, trustRootsPem, serverIdentity } = authority;
  const deps = { store, world, authority, trust, codec: commandCodec, healing: healingPorts, endpoints: () => [] };
  const { api, enrollments, stop } = await startController(deps);
  try {
    const create = { site: 'bench', kind: 'pi', ttlMs: 3_600_000, uses: 10_000, preApproved: true } as const;
    const { token } = await api.createToken(create, by('admin:bench'));
    const identities: TlsIdentity[] = [];
    for (let index = 0; index < count; index++) identities.push(await enrolOne(enrollments, token, index));
    return { identities, serverIdentity, trustRootsPem };
  } finally {
    await stop();
    await store.close();
  }
}

async function enrolOne(enrollments: Enrollments, token: string, index: number): Promise<TlsIdentity> {
  const keys = makeNodeKeys();
  const { privateKeyPem, spkiDer } = keys.makeKeyPair();
  const challenge = await enrollments.ask({ kind: 'challenge', spkiDer }, 'bench');
  if (challenge.kind !== 'challenge') throw new Error('no challenge');
  const { nonce } = challenge;
  const keyId = token.split('_')[1] ?? '';
  const proof = [
    Buffer.from('bramble-enroll-v1\0'),
    nonce,
    createHash('sha256').update(spkiDer).digest(),
    Buffer.from(keyId),
  ];
  const serial = index.toString(16).padStart(16, '0');
  const outcome = await enrollments.ask(
    {
      kind: 'proof',
      token,
      spkiDer,
      nonce,
      signature: keys.sign(privateKeyPem, Buffer.concat(proof)),
      nodeKind: 'pi',
      board: { model: 'Raspberry Pi 3 Model B Rev 1.2', serial, macAddresses: [] },
      hostname: `pi-${index}`,
    },
    'bench',
  );
  if (outcome.kind !== 'credential') throw new Error(`not enrolled: ${outcome.kind}`);
  const { certificateChainPem, trustRootsPem } = outcome.credential;
  return { certificateChainPem, privateKeyPem, trustRootsPem, clockFloorMs: 0 };
}
