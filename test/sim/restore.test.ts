import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openSqliteStore } from '../../controller/store/sqlite-store.js';
import { by } from '../../controller/usecases/testing/by.js';
import { BrambleError } from '../../proto/contract/errors.js';
import { commandId, nodeId } from '../../proto/contract/ids.js';
import { type Cluster, startCluster, UNIT } from './cluster.js';

const MINUTE_MS = 60_000;
const ADMIN = by('admin:test');

async function order(cluster: Cluster, name: string): Promise<string> {
  const { api } = cluster.controller;
  const id = nodeId(api.nodes().find((node) => node.name === name)?.id ?? '');
  const create = { action: { kind: 'restart-unit', unit: UNIT }, reason: 'story', validForMs: 30 * MINUTE_MS } as const;
  return (await cluster.world.settle(api.issueCommand(id, create, ADMIN))).id;
}

const restarts = (cluster: Cluster) => cluster.agents.map(({ host }) => host.board.units.restarts(UNIT));
const refusalOf = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (thrown: unknown) => BrambleError.from(thrown).code,
  );

test('a controller that is restored from an older backup holds its commands until it is promoted, and nothing runs twice', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'bramble-sim-restore-'));
  const cluster = await startCluster(11, 3);
  const { world } = cluster;
  try {
    await world.runFor(3 * MINUTE_MS);
    // One command is on its way when the backup is made: its node hears of it only afterwards.
    cluster.network.path('pi-0').cut('both');
    await world.runFor(3 * MINUTE_MS);
    const waiting = await order(cluster, 'pi-0');
    const copy = join(dir, 'copy.db');
    const another = join(dir, 'another.db');
    for (const to of [copy, another]) await world.settle(cluster.store.backup(to));
    cluster.network.path('pi-0').heal();
    const later = await order(cluster, 'pi-1');
    await world.runFor(5 * MINUTE_MS);
    expect(restarts(cluster)).toEqual([1, 1, 0]);

    const clock = { nowMs: () => Math.floor(world.nowMs), monotonicMs: () => world.nowMs };
    const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
    const restore = async (path: string) => {
      await world.settle(cluster.replaceController(await openSqliteStore({ path, mode: 'inline', clock, log })));
    };
    await restore(copy);
    await world.runFor(5 * MINUTE_MS);
    const { api, core } = cluster.controller;
    expect(await refusalOf(api.command(commandId(later)))).toBe('not-found'); // it was made after the backup
    expect(await refusalOf(order(cluster, 'pi-2'))).toBe('failed-precondition');
    expect(restarts(cluster)).toEqual([1, 1, 0]);

    const promoted = await world.settle(core.promote('the other one is gone for good', ADMIN));
    expect(promoted.heldBecause).toContain('restored from an older backup');
    expect(promoted.epoch).toBeGreaterThan(promoted.epochBefore);
    await world.runFor(5 * MINUTE_MS);
    // What the backup still held as waiting was done before: its node says so, and does not do it again.
    expect((await world.settle(api.command(commandId(waiting)))).state).toBe('succeeded');
    await order(cluster, 'pi-2');
    await world.runFor(2 * MINUTE_MS);
    expect(restarts(cluster)).toEqual([1, 1, 1]);

    // Another copy of the old one comes to life: it still has the old epoch, and nobody obeys it.
    await restore(another);
    await world.runFor(5 * MINUTE_MS);
    for (const name of ['pi-0', 'pi-1', 'pi-2'])
      expect(await refusalOf(order(cluster, name))).toBe('failed-precondition');
    expect(restarts(cluster)).toEqual([1, 1, 1]);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});
