/** Incidents, their stories, and what channels owe of them. */

import { expect, test } from 'vitest';
import type { Incident } from '../../domain/incidents/incident.js';
import type { Store, StoreWriter } from '../../usecases/ports.js';
import { T0_MS } from './samples.js';

const incident = (id: string, over: Partial<Incident> = {}): Incident => ({
  id,
  cause: `node:pi-${id}`,
  site: undefined,
  row: 'hung',
  verdict: 'it hangs',
  severity: 'warning',
  openedAtMs: T0_MS,
  members: [{ name: 'pi-1', state: 'held', heldBecause: 'two at once', sinceMs: T0_MS, wellSinceMs: undefined }],
  sides: [{ side: 'agent', name: 'pi-1', words: 'silent' }],
  wellSinceMs: undefined,
  overAtMs: undefined,
  closedAtMs: undefined,
  closedBy: '',
  acknowledged: undefined,
  ...over,
});

export function describeIncidents(current: () => Store): void {
  const write = <T>(work: (writer: StoreWriter) => Promise<T>): Promise<T> => current().transact(work);

  test('incidents come back as they were, live ones apart from closed ones', async () => {
    const closed = incident('b', { closedAtMs: T0_MS + 1, closedBy: 'kim', acknowledged: { by: 'kim', atMs: T0_MS } });
    const over = incident('c', { closedAtMs: T0_MS + 1, overAtMs: T0_MS + 1, site: 'home' });
    await write(async ({ incidents }) => {
      for (const one of [incident('a'), closed, over]) await incidents.putIncident(one);
    });
    const { incidents } = current().reader;
    expect(await incidents.liveIncidents()).toEqual([incident('a'), closed]);
    expect(await incidents.incidents({ state: 'open', limit: 9 })).toEqual([incident('a')]);
    expect(await incidents.incidents({ state: 'closed', limit: 9 })).toEqual([over, closed]);
    expect(await incidents.incidents({ state: 'all', limit: 9, beforeId: 'b' })).toEqual([incident('a')]);
    expect(await incidents.incident('nobody')).toBeUndefined();
  });

  test('a story is told in its order, and goes with its incident', async () => {
    const entry = { incident: 'a', atMs: T0_MS, about: '', actor: '' };
    await write(async ({ incidents }) => {
      await incidents.putIncident(incident('a', { closedAtMs: T0_MS, overAtMs: T0_MS }));
      await incidents.addTimelineEntry({ ...entry, kind: 'signal', words: 'silent' });
      await incidents.addTimelineEntry({ ...entry, kind: 'person', words: 'I go there', actor: 'kim' });
    });
    const told = await current().reader.incidents.timeline('a', 10);
    expect(told.map(({ words, actor }) => [words, actor])).toEqual([
      ['silent', ''],
      ['I go there', 'kim'],
    ]);
    expect(await current().reader.incidents.timeline('a', 1)).toEqual([told[1]]);
    const age = { agentEventsBeforeMs: 0, commandsBeforeMs: 0, historyBeforeMs: 0 };
    await write((writer) => writer.prune({ ...age, eventsBeforeMs: T0_MS + 1 }, 10));
    expect(await current().reader.incidents.timeline('a', 10)).toEqual([]);
  });

  test('what a channel owes stays until it is brought', async () => {
    const owed = { incident: 'a', channel: 'mail', createdAtMs: T0_MS, nextAtMs: T0_MS };
    await write(async ({ incidents }) => {
      await incidents.putIncident(incident('a'));
      await incidents.addDelivery({ ...owed, kind: 'opened' });
      await incidents.addDelivery({ ...owed, kind: 'closed' });
    });
    const [first, second] = await current().reader.incidents.openDeliveries(10);
    expect([first?.kind, second?.kind, first?.attempts]).toEqual(['opened', 'closed', 0]);
    await write(({ incidents }) => incidents.deferDelivery(first?.id ?? 0, 1, T0_MS + 9, 'refused'));
    await write(({ incidents }) => incidents.removeDelivery(second?.id ?? 0));
    const left = await current().reader.incidents.openDeliveries(10);
    expect(left).toEqual([{ ...first, attempts: 1, nextAtMs: T0_MS + 9 }]);
  });
}
