import { afterEach, beforeEach, expect, test } from 'vitest';
import type { EventsOf } from '../usecases/ports.js';
import type { SqlStatement } from './connection.js';
import { SqliteEngine } from './engine.js';
import { MIGRATIONS } from './migrations/index.js';
import { makeQuery } from './query.js';
import { commandIdOf, nodeIdOf, sampleAgentEvent, sampleSegment, T0_MS } from './testing/samples.js';
import { SqlWriter } from './writer.js';

let engine: SqliteEngine;
let plans: string[];
let writer: SqlWriter;

beforeEach(() => {
  engine = SqliteEngine.open({ path: ':memory:', access: 'write', migrations: MIGRATIONS, nowMs: 0 });
  plans = [];
  writer = new SqlWriter(
    makeQuery(async (statement: SqlStatement) => {
      const explain = { ...statement, sql: `EXPLAIN QUERY PLAN ${statement.sql}` };
      for (const row of engine.execute([explain], 'anywhere').rows) plans.push((row as { detail: string }).detail);
      return engine.execute([statement], 'anywhere');
    }),
  );
});

afterEach(() => engine.close());

const PAGE = { limit: 100 };
const ALL = { eventsBeforeMs: 1, agentEventsBeforeMs: 1, commandsBeforeMs: 1, historyBeforeMs: 1 };

/** The tables that grow with the age of the fleet: a query that walks one of them gets slower every day. */
test.for<[string, () => Promise<unknown>]>([
  ['open commands of a node', () => writer.commands(nodeIdOf(1), ['issued', 'dispatched', 'accepted'], PAGE)],
  ['open commands of the fleet', () => writer.commandsInState(['issued', 'dispatched', 'accepted'], PAGE)],
  ['unknown commands', () => writer.unknownCommands([commandIdOf(1), commandIdOf(2)])],
  ['a command', () => writer.command(commandIdOf(1))],
  ['the bytes of a command', () => writer.signedCommand(commandIdOf(1))],
  ['events after a cursor', () => writer.eventsAfter(7, PAGE)],
  ['newest events of a node', () => writer.eventsNewest({ nodes: [nodeIdOf(1)] }, PAGE)],
  ['an event of an agent', () => writer.addAgentEvent(nodeIdOf(1), sampleAgentEvent(1), T0_MS)],
  ['history of a node', () => writer.history(nodeIdOf(1), 0, T0_MS)],
  ['a segment of history', () => writer.addHistory(sampleSegment(1, 0, 1))],
  ['pruning', () => writer.prune(ALL, 100)],
  ['newest events of a node, further on', () => writer.eventsNewest({ nodes: [nodeIdOf(1)] }, { limit: 9, after: 7 })],
  [
    'newest commands of a node, further on',
    () => writer.commandsNewest(nodeIdOf(1), { limit: 9, after: commandIdOf(7) }),
  ],
  ['newest commands, further on', () => writer.commandsNewest(undefined, { limit: 9, after: commandIdOf(7) })],
  ['tokens, further on', () => writer.tokens({ limit: 9, after: { createdAtMs: 1, keyId: 'a' } })],
  [
    'enrolments, further on',
    () => writer.enrollments('pending', { limit: 9, after: { firstAskedAtMs: 1, spkiSha256: 'a' } }),
  ],
  ['what was answered to a key', () => writer.idempotent('a')],
])('%s: found by an index', async ([, ask]) => {
  await ask();
  expect(plans.length).toBeGreaterThan(0);
  expect(plans.filter((plan) => plan.startsWith('SCAN'))).toEqual([]);
});

test('newest events of the fleet: read from the end, not sorted', async () => {
  await writer.eventsNewest(undefined, PAGE);
  expect(plans).toEqual(['SCAN fleet_event']); // by its id, and stopped by the limit
});

test.for<[string, EventsOf, string]>([
  ['of a few sites', { sites: ['attic', 'cellar', 'shed'] }, 'fleet_event_by_site (site=? AND id'],
  ['of a few nodes', { nodes: [1, 2, 3].map(nodeIdOf) }, 'fleet_event_by_node (node_id=? AND id'],
])('events %s: each place found by its index, and neither all nor those of others are read', async ([, of, index]) => {
  await writer.eventsAfter(7, PAGE, of);
  await writer.eventsNewest(of, { limit: 9, after: 7 });
  expect(plans.filter((plan) => plan.includes(index))).toHaveLength(6);
  expect(plans.filter((plan) => plan.includes('SCAN fleet_event'))).toEqual([]);
});

test('events of one site are read in their order by the index, not sorted', async () => {
  await writer.eventsAfter(7, PAGE, { sites: ['attic'] });
  await writer.eventsNewest({ sites: ['attic'] }, PAGE);
  expect(plans).toHaveLength(2);
  expect(plans.filter((plan) => plan.includes('TEMP B-TREE') || plan.startsWith('SCAN'))).toEqual([]);
});

test('lists are read in their order by an index, not sorted', async () => {
  await writer.commandsNewest(nodeIdOf(1), PAGE);
  await writer.commandsNewest(undefined, PAGE);
  await writer.tokens(PAGE);
  await writer.enrollments('pending', PAGE);
  expect(plans.filter((plan) => plan.includes('TEMP B-TREE'))).toEqual([]);
});

test('open commands of a node are told apart from its settled ones by the index, not by reading them', async () => {
  await writer.commands(nodeIdOf(1), ['issued', 'dispatched'], PAGE);
  expect(plans[0]).toContain('command_by_node (node_id=? AND state=?)');
});

test('what is old is pruned oldest first, without sorting what is young', async () => {
  await writer.prune(ALL, 100);
  expect(plans.filter((plan) => plan.includes('TEMP B-TREE'))).toEqual([]);
});
