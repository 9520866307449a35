import { expect, test } from 'vitest';
import type { AuditHead } from '../../domain/audit/record.js';
import type { Caller } from '../access/caller.js';
import { by } from '../testing/by.js';
import { FakeAgent, id, TestFleet } from '../testing/fleet.js';
import { testTrust } from '../testing/trust-bench.js';
import { AuditLog } from './audit-log.js';

const HOUR_MS = 3_600_000;
const admin: Caller = { principal: { kind: 'administrator', name: undefined }, actor: by('admin') };

async function note(fleet: TestFleet, count = 1): Promise<AuditHead> {
  for (let n = 0; n < count; n++) {
    await fleet.store.transact((writer) =>
      writer.audit.add({
        ...{ atMs: n, actor: by('admin'), action: 'test', target: '', site: undefined },
        ...{ outcome: 'done', details: {} },
      }),
    );
  }
  return await fleet.store.reader.audit.head();
}

const headsTo = (agent: FakeAgent) => agent.got('audit-head').map(({ head }) => head.sequence);

function logOf(fleet: TestFleet): AuditLog {
  const remembered = () =>
    Array.from(fleet.core.nodes.all(), (entry) => ({ nodeName: entry.node.name, heads: entry.auditHeads }));
  return new AuditLog({ store: fleet.store, world: fleet.world, trust: testTrust, remembered });
}

test('an agent is told the head when it connects, and once an hour when there is a new one', async () => {
  const fleet = await TestFleet.start();
  const early = await fleet.connect(new FakeAgent(1));
  expect(headsTo(early)).toEqual([]); // an empty log has none
  await note(fleet, 3);
  const late = await fleet.connect(new FakeAgent(2));
  expect(headsTo(late)).toEqual([3]);
  for (const agent of [early, late]) agent.report();
  await fleet.world.advance(HOUR_MS - 2_000);
  expect(headsTo(early)).toEqual([]);
  await fleet.world.advance(3_000);
  expect(headsTo(early)).toEqual([3]);
  await fleet.world.advance(HOUR_MS + 3_000);
  expect(headsTo(early)).toEqual([3]);
});

test('T-56: a log that was rewritten or cut is exposed by what an agent remembers, at once and by verify', async () => {
  const fleet = await TestFleet.start();
  const head = await note(fleet, 5);
  const third = await fleet.store.reader.audit.record(3);
  const honest = [head, { sequence: 3, hash: third?.hash ?? '' }];
  await fleet.connect(new FakeAgent(1, { auditHeads: honest }));
  expect(await fleet.timeline()).toEqual([]);
  expect(await logOf(fleet).verify(admin)).toMatchObject({ intact: true, recordsCount: 5, agentsAsked: 1, faults: [] });

  const before = [
    { sequence: 2, hash: 'ab'.repeat(32) },
    { sequence: 900, hash: 'cd'.repeat(32) },
  ];
  await fleet.connect(new FakeAgent(2, { auditHeads: before }));
  expect(await fleet.events()).toMatchObject([{ reason: 'AuditLogMismatch', severity: 'error', nodeId: id(2) }]);
  const verdict = await logOf(fleet).verify(admin);
  expect(verdict).toMatchObject({
    intact: false,
    agentsAsked: 2,
    faults: [
      { sequence: 2, kind: 'rewritten', rememberedBy: 'pi-2' },
      { sequence: 900, kind: 'truncated', rememberedBy: 'pi-2' },
    ],
  });
  const [newest] = await fleet.store.reader.audit.newest({ limit: 1 });
  expect(newest).toMatchObject({ action: 'audit.verify', details: { intact: false, faults: 2 } });
});

test('only who may read the log reads it, each the records of their sites', async () => {
  const fleet = await TestFleet.start();
  await fleet.core.commands.issue(
    id(1),
    { action: { kind: 'restart-unit', unit: 'a.service' }, reason: 'r', validForMs: 60_000 },
    by('admin'),
  );
  await note(fleet);
  const caller = (sites: 'all' | readonly string[]): Caller => ({
    principal: { kind: 'user', name: 'kim', grants: [{ role: 'auditor', sites: sites as 'all' }] }, // names of sites
    actor: by('user:kim'),
  });
  const log = logOf(fleet);
  const listed = async (who: Caller) => (await log.list({ limit: 10 }, who)).records.map(({ action }) => action);
  expect(await listed(caller(['lab']))).toEqual(['command.issue']);
  expect(await listed(caller(['attic']))).toEqual([]);
  expect(await listed(caller('all'))).toEqual(['audit.read', 'audit.read', 'test', 'command.issue']);
  await expect(log.verify(caller(['lab']))).rejects.toMatchObject({ code: 'permission-denied' });
  await expect(log.list({ limit: 1 }, { principal: { kind: 'anonymous' }, actor: by('x') })).rejects.toMatchObject({
    code: 'unauthenticated',
  });
});
