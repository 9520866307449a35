import { expect, test } from 'vitest';
import type { EventView, NodeView } from '../../proto/contract/api/fleet.js';
import { EMPTY_FLEET, EVENTS_KEPT, type FleetMessage, reduce } from './fleet-model.js';

function node(id: string, over: Partial<NodeView> = {}): NodeView {
  return {
    id,
    name: id,
    site: 'cam',
    kind: 'pi',
    state: 'ready',
    why: '',
    liveness: 'fresh',
    model: '',
    serial: '',
    macAddresses: [],
    agentVersion: '',
    desiredRevision: 0,
    desiredRevisionReached: 0,
    labels: {},
    capabilities: { netboot: 'rom', ethernet: 'yes', poe: 'unknown', watchdog: 'yes', rtc: 'no' },
    revision: 1,
    conditions: [],
    ...over,
  };
}

function event(id: number): EventView {
  return { id, atMs: id, severity: 'info', reason: 'Test', message: '' };
}

const live: FleetMessage = { kind: 'live', controllerMs: 1_000, nowMs: 400 };
const after = (...messages: readonly FleetMessage[]) => messages.reduce(reduce, EMPTY_FLEET);

test('nodes appear when the controller has told all of them', () => {
  const half = after({ kind: 'opened' }, { kind: 'nodes', nodes: [node('a')] });
  expect([half.nodes.size, half.loaded]).toEqual([0, false]);
  const whole = reduce(reduce(half, { kind: 'nodes', nodes: [node('b')] }), live);
  expect([[...whole.nodes.keys()], whole.loaded, whole.link]).toEqual([['a', 'b'], true, { kind: 'live' }]);
});

test('while it reconnects the page keeps what it knew, then shows exactly what the controller says now', () => {
  const before = after({ kind: 'opened' }, { kind: 'nodes', nodes: [node('a'), node('b')] }, live);
  const lost = reduce(reduce(before, { kind: 'lost', nowMs: 5 }), { kind: 'opened' });
  expect([...lost.nodes.keys()]).toEqual(['a', 'b']);
  const back = reduce(reduce(lost, { kind: 'nodes', nodes: [node('b')] }), live);
  expect([...back.nodes.keys()]).toEqual(['b']);
});

test('a change that comes in between is newer than what was told before it', () => {
  const model = after(
    { kind: 'opened' },
    { kind: 'nodes', nodes: [node('a')] },
    { kind: 'changed', nodes: [node('a', { state: 'troubled' })] },
    live,
  );
  expect(model.nodes.get('a')?.state).toBe('troubled');
});

test('“reconnecting since” is the first loss, whatever else fails after it', () => {
  const model = after(
    { kind: 'lost', nowMs: 5 },
    { kind: 'lost', nowMs: 9 },
    { kind: 'opened' },
    { kind: 'lost', nowMs: 12 },
  );
  expect(model.link).toEqual({ kind: 'reconnecting', sinceMs: 5 });
  expect(reduce(model, live).link).toEqual({ kind: 'live' });
});

test('events are newest first, once each, and bounded', () => {
  const many = Array.from({ length: EVENTS_KEPT + 20 }, (_, index) => event(index + 1));
  const model = after({ kind: 'events', events: many }, { kind: 'events', events: [event(3), event(500), event(500)] });
  expect(model.events).toHaveLength(EVENTS_KEPT);
  expect(model.events.slice(0, 3).map(({ id }) => id)).toEqual([500, EVENTS_KEPT + 20, EVENTS_KEPT + 19]);
});

test('ages follow the controller’s clock, not the reader’s', () => {
  expect(after(live).clockOffsetMs).toBe(600);
});

test('nodes are in the order in which people count, whenever they came', () => {
  const model = after({ kind: 'opened' }, { kind: 'nodes', nodes: [node('pi-10'), node('pi-2')] }, live);
  expect(model.order).toEqual(['pi-2', 'pi-10']);
  const more = reduce(model, { kind: 'changed', nodes: [node('pi-1'), node('x', { site: 'arm' })] });
  expect(more.order).toEqual(['x', 'pi-1', 'pi-2', 'pi-10']);
  const moved = reduce(more, { kind: 'changed', nodes: [node('pi-1', { name: 'pi-11' })] });
  expect(moved.order).toEqual(['x', 'pi-2', 'pi-10', 'pi-1']);
});

test('what others depend on stands before them, within its site', () => {
  const nodes = [node('pi-1'), node('z-nas', { kind: 'fileserver' }), node('y-switch', { kind: 'switch' })];
  const model = after({ kind: 'opened' }, { kind: 'nodes', nodes }, live);
  expect(model.order).toEqual(['z-nas', 'y-switch', 'pi-1']);
});

test('a change of state sorts nothing anew', () => {
  const model = after({ kind: 'opened' }, { kind: 'nodes', nodes: [node('a'), node('b')] }, live);
  const changed = reduce(model, { kind: 'changed', nodes: [node('b', { state: 'troubled' })] });
  expect(changed.order).toBe(model.order);
});
