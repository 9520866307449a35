import { connect, createServer } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { TrustRig } from '../../test/system/trust-rig.js';
import { systemClock, systemTimers } from '../system.js';
import { startRpcServer } from './server.js';

let rig: TrustRig;
beforeEach(async () => {
  rig = await TrustRig.start({ limits: { linkConnectionsMax: 2 } });
});
afterEach(async () => {
  await rig.stop();
});

async function start(ports: { readonly linkPort: number; readonly enrolPort: number }) {
  const { identities, authority, core, enrollments, renewals } = rig;
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const uploads = { open: () => Promise.reject(new Error('none')) };
  return await startRpcServer({
    ...{ identity: authority, gate: core.gate, enrollments, renewals, identities, uploads },
    listen: { linkHost: '127.0.0.1', enrolHost: '127.0.0.1', ...ports },
    ...{ clock: systemClock, timers: systemTimers, log },
  });
}

test('a port in use is a clear error, whichever listener it is, and the other port is free again', async () => {
  const taken = rig.server.linkPort;
  for (const [ports, setting] of [
    [{ linkPort: taken, enrolPort: 0 }, 'link.port'],
    [{ linkPort: 0, enrolPort: taken }, 'enrol.port'],
  ] as const) {
    await expect(start(ports)).rejects.toMatchObject({
      code: 'failed-precondition',
      message: `cannot listen on 127.0.0.1:${taken}: the port is in use`,
      hint: expect.stringContaining(setting),
    });
  }
  const second = await start({ linkPort: 0, enrolPort: 0 });
  await second.close(0);
  const again = createServer();
  await new Promise<void>((resolve) => again.listen(second.linkPort, '127.0.0.1', resolve));
  again.close();
});

test('a host that is not ours is a clear error', async () => {
  const { identities, authority, core, enrollments, renewals } = rig;
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const uploads = { open: () => Promise.reject(new Error('none')) };
  await expect(
    startRpcServer({
      ...{ identity: authority, gate: core.gate, enrollments, renewals, identities, uploads },
      listen: { linkHost: '192.0.2.1', linkPort: 0, enrolHost: '127.0.0.1', enrolPort: 0 },
      ...{ clock: systemClock, timers: systemTimers, log },
    }),
  ).rejects.toMatchObject({ code: 'failed-precondition', hint: expect.stringContaining('an address of this machine') });
});

test('connections beyond the limit are shed before they cost a handshake', async () => {
  const sockets = [1, 2, 3, 4].map(() => connect(rig.server.linkPort, '127.0.0.1'));
  for (const socket of sockets) socket.on('error', () => undefined); // the shed ones
  await expect.poll(() => rig.server.counters()['connections_shed_total']).toBe(2);
  for (const socket of sockets) socket.destroy();
});

test('a renewed server certificate serves new connections, and open ones stay', async () => {
  const node = await rig.enrolNode();
  const before = await rig.connect(node);
  await before.next('welcome');
  const listeners: unknown[] = [];
  rig.authority.onServerIdentity((identity) => listeners.push(identity));
  await rig.authority.renewServerIdentity();
  expect(listeners).toHaveLength(1);
  const board = await rig.enrolNode();
  const after = await rig.connect(board);
  expect((await after.next('welcome'))?.epoch).toBe(1);
  before.stream.send({ frame: { $case: 'desiredStatePull', value: { haveRevision: 0 } } });
  expect((await before.next('desiredState'))?.revision).toBe(0);
});

test('close() ends within its grace even while streams are open', async () => {
  const node = await rig.enrolNode();
  const link = await rig.connect(node);
  await link.next('welcome');
  const startMs = systemClock.monotonicMs();
  await rig.server.close(100);
  expect(systemClock.monotonicMs() - startMs).toBeLessThan(20_000);
  expect(await link.over).toMatchObject({ code: 'unavailable' });
});
