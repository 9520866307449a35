import { describe, expect, test } from 'vitest';
import { siteId } from '../../../proto/contract/ids.js';
import type { CommandState } from '../../domain/command.js';
import type { FleetEvent } from '../../domain/event.js';
import type { PruneBefore, Store, StoreWriter } from '../../usecases/ports.js';
import {
  commandIdOf,
  nodeIdOf,
  sampleAgentEvent,
  sampleCommand,
  sampleCondition,
  sampleCredential,
  sampleEnrollment,
  sampleFleetEvent,
  sampleNode,
  sampleNodeConfig,
  sampleSegment,
  sampleSigned,
  sampleToken,
  T0_MS,
} from './samples.js';

const OPEN: readonly CommandState[] = ['issued', 'dispatched', 'accepted', 'started'];
const PAGE = { limit: 100 };
const NOTHING: PruneBefore = {
  eventsBeforeMs: 0,
  agentEventsBeforeMs: 0,
  commandsBeforeMs: 0,
  historyBeforeMs: 0,
};

export function describeRecords(current: () => Store): void {
  const write = <T>(work: (writer: StoreWriter) => Promise<T>): Promise<T> => current().transact(work);

  test('settings are replaced by name', async () => {
    const { reader } = current();
    expect(await reader.setting('epoch')).toBeUndefined();
    await write((writer) => writer.putSetting('epoch', '1'));
    await write((writer) => writer.putSetting('epoch', '2'));
    expect(await reader.setting('epoch')).toBe('2');
    await write((writer) => writer.removeSetting('epoch'));
    await write((writer) => writer.removeSetting('epoch'));
    expect(await reader.setting('epoch')).toBeUndefined();
  });

  test('tokens come back as they were put, the newest first', async () => {
    const { reader } = current();
    const bound = sampleToken(1, { boundTo: ['aa'.repeat(32)], expectSerial: '10000000abcd', preApproved: true });
    await write(async (writer) => {
      await writer.putToken(sampleToken(1));
      await writer.putToken(sampleToken(2, { revoked: true }));
      await writer.putToken(bound);
    });
    expect(await reader.token('token001')).toEqual(bound);
    expect(await reader.token('token009')).toBeUndefined();
    expect(await reader.tokens(PAGE)).toEqual([sampleToken(2, { revoked: true }), bound]);
    expect(await reader.tokens({ limit: 1 })).toHaveLength(1);
  });

  test('nodes are found by id and by name, and a name belongs to one node', async () => {
    const { reader } = current();
    await write((writer) => writer.putNode(sampleNode(1)));
    await expect(write((writer) => writer.putNode(sampleNode(2, { name: 'pi-1' })))).rejects.toMatchObject({
      code: 'already-exists',
    });
    const renamed = sampleNode(1, { name: 'attic-1', lifecycle: 'frozen', desiredRevision: 7 });
    await write(async (writer) => {
      await writer.putNode(renamed);
      await writer.putNode(sampleNode(2, { name: 'pi-1' }));
    });
    expect(await reader.node(nodeIdOf(1))).toEqual(renamed);
    expect((await reader.nodeByName('pi-1'))?.id).toBe(nodeIdOf(2));
    expect((await reader.nodes()).map(({ id }) => id)).toEqual([nodeIdOf(1), nodeIdOf(2)]);
  });

  test('a transaction may go on after a name was taken', async () => {
    await write((writer) => writer.putNode(sampleNode(1)));
    await write(async (writer) => {
      await expect(writer.putNode(sampleNode(2, { name: 'pi-1' }))).rejects.toMatchObject({ code: 'already-exists' });
      await writer.putNode(sampleNode(2, { name: 'pi-1-2' }));
    });
    expect((await current().reader.node(nodeIdOf(2)))?.name).toBe('pi-1-2');
  });

  test('enrolments are listed by state, those who asked first last, whenever they asked again', async () => {
    const { reader } = current();
    const approved = sampleEnrollment(3, { state: 'approved', nodeId: nodeIdOf(1), why: '' });
    await write(async (writer) => {
      await writer.putNode(sampleNode(1));
      for (const n of [1, 2, 3]) await writer.putEnrollment(sampleEnrollment(n));
      await writer.putEnrollment(sampleEnrollment(1, { lastAskedAtMs: T0_MS + 9_000 }));
      await writer.putEnrollment(approved);
    });
    expect(await reader.enrollments('pending', PAGE)).toMatchObject([
      { why: 'the board is not known', lastAskedAtMs: T0_MS + 2 },
      { lastAskedAtMs: T0_MS + 9_000 },
    ]);
    expect(await reader.enrollments('approved', PAGE)).toEqual([approved]);
    expect(await reader.enrollment(approved.spkiSha256)).toEqual(approved);
    expect(await reader.enrollment('00')).toBeUndefined();
  });

  test('of credentials the current one and the one before it are kept', async () => {
    const { reader } = current();
    await write(async (writer) => {
      await writer.putNode(sampleNode(1));
      for (const counter of [1, 2, 5]) await writer.putCredential(sampleCredential(1, counter));
    });
    expect(await reader.credentials(nodeIdOf(1))).toEqual([sampleCredential(1, 5), sampleCredential(1, 2)]);
    const again = { ...sampleCredential(1, 5), certificateSerial: 'ff' };
    await write((writer) => writer.putCredential(again));
    expect(await reader.credentials(nodeIdOf(1))).toEqual([again, sampleCredential(1, 2)]);
  });

  test('live credentials are those of nodes that are not revoked', async () => {
    await write(async (writer) => {
      for (const n of [1, 2, 3]) {
        await writer.putNode(sampleNode(n));
        await writer.putCredential(sampleCredential(n, 1));
      }
      await writer.putNode(sampleNode(2, { lifecycle: 'revoked' }));
      await writer.putNode(sampleNode(3, { lifecycle: 'frozen' }));
    });
    const live = await current().reader.liveCredentials();
    expect(live.map(({ nodeId }) => nodeId)).toEqual([nodeIdOf(1), nodeIdOf(3)]);
  });

  test('configs come back as they were put, the newest first, and of many the oldest go', async () => {
    const { reader } = current();
    await write(async (writer) => {
      await writer.putNode(sampleNode(1));
      await writer.putNode(sampleNode(2));
      await writer.addNodeConfig(sampleNodeConfig(2, 1));
      for (let revision = 1; revision <= 202; revision++) {
        await writer.addNodeConfig(sampleNodeConfig(1, revision));
      }
    });
    expect(await reader.nodeConfigs(nodeIdOf(1), { limit: 2 })).toEqual([
      sampleNodeConfig(1, 202),
      sampleNodeConfig(1, 201),
    ]);
    expect(await reader.nodeConfig(nodeIdOf(1), 3)).toEqual(sampleNodeConfig(1, 3));
    expect(await reader.nodeConfig(nodeIdOf(1), 2)).toBeUndefined();
    expect(await reader.nodeConfigs(nodeIdOf(2), PAGE)).toEqual([sampleNodeConfig(2, 1)]);
    expect(await reader.nodeConfigs(nodeIdOf(3), PAGE)).toEqual([]);
  });

  test('what refers to an unknown node is refused', async () => {
    for (const refused of [
      write((writer) => writer.putCredential(sampleCredential(1, 1))),
      write((writer) => writer.putCommand(sampleCommand(1), undefined)),
      write((writer) => writer.putCondition(sampleCondition(1))),
    ]) {
      await expect(refused).rejects.toMatchObject({ code: 'not-found' });
    }
  });

  test('conditions are replaced and removed by node, type and instance', async () => {
    const { reader } = current();
    const raised = sampleCondition(1, { status: 'unknown', severity: 'error', message: 'worse' });
    await write(async (writer) => {
      await writer.putNode(sampleNode(1));
      await writer.putCondition(sampleCondition(1));
      await writer.putCondition(sampleCondition(2));
      await writer.putCondition(raised);
    });
    expect(await reader.conditions()).toEqual([raised, sampleCondition(2)]);
    await write((writer) => writer.removeCondition(raised));
    expect(await reader.conditions()).toEqual([sampleCondition(2)]);
  });

  describe('commands', () => {
    test('come back as they were put, with the bytes that were signed', async () => {
      const { reader } = current();
      const reboot = sampleCommand(2, {
        action: { kind: 'reboot' },
        bootId: 'b',
        rejection: 'busy',
        state: 'rejected',
      });
      await write(async (writer) => {
        await writer.putNode(sampleNode(1));
        await writer.putCommand(sampleCommand(1), sampleSigned(1));
        await writer.putCommand(reboot, undefined);
      });
      await write((writer) => writer.putCommand(sampleCommand(1, { state: 'dispatched' }), undefined));
      expect(await reader.command(commandIdOf(1))).toEqual(sampleCommand(1, { state: 'dispatched' }));
      expect(await reader.signedCommand(commandIdOf(1))).toEqual(sampleSigned(1));
      expect(await reader.command(commandIdOf(2))).toEqual(reboot);
      expect(await reader.signedCommand(commandIdOf(2))).toBeUndefined();
      expect(await reader.command(commandIdOf(3))).toBeUndefined();
    });

    test('are listed by node and state, oldest first, a page at a time', async () => {
      const { reader } = current();
      await write(async (writer) => {
        for (const n of [1, 2]) await writer.putNode(sampleNode(n));
        for (const n of [5, 3, 4]) await writer.putCommand(sampleCommand(n), undefined);
        await writer.putCommand(sampleCommand(1, { state: 'succeeded' }), undefined);
        await writer.putCommand(sampleCommand(2, { nodeId: nodeIdOf(2), state: 'started' }), undefined);
      });
      const ids = (records: readonly { readonly id: string }[]) => records.map(({ id }) => id);
      expect(ids(await reader.commands(nodeIdOf(1), OPEN, PAGE))).toEqual([3, 4, 5].map(commandIdOf));
      expect(ids(await reader.commands(nodeIdOf(1), OPEN, { limit: 2 }))).toEqual([3, 4].map(commandIdOf));
      expect(ids(await reader.commandsInState(OPEN, PAGE))).toEqual([2, 3, 4, 5].map(commandIdOf));
      expect(await reader.commandsInState([], PAGE)).toEqual([]);
    });

    test('unknown ones are told apart, in the order of asking', async () => {
      await write(async (writer) => {
        await writer.putNode(sampleNode(1));
        await writer.putCommand(sampleCommand(2), undefined);
      });
      const asked = [3, 2, 1].map(commandIdOf);
      expect(await current().reader.unknownCommands(asked)).toEqual([3, 1].map(commandIdOf));
      expect(await current().reader.unknownCommands([])).toEqual([]);
    });
  });

  test('an agent event is stored once per node, boot and sequence', async () => {
    const add = (node: number, event = sampleAgentEvent(1)) =>
      write((writer) => writer.addAgentEvent(nodeIdOf(node), event, T0_MS));
    expect(await add(1)).toBe(true);
    expect(await add(1)).toBe(false);
    expect(await add(2)).toBe(true);
    expect(await add(1, sampleAgentEvent(2))).toBe(true);
    expect(await add(1, sampleAgentEvent(1, { bootId: 'another' }))).toBe(true);
    expect(await add(1, sampleAgentEvent(2, { what: { kind: 'unknown' } }))).toBe(false);
  });

  test('an agent event that was undone may come again', async () => {
    const failing = write(async (writer) => {
      expect(await writer.addAgentEvent(nodeIdOf(1), sampleAgentEvent(1), T0_MS)).toBe(true);
      throw new Error('undone');
    });
    await expect(failing).rejects.toThrow('undone');
    expect(await write((writer) => writer.addAgentEvent(nodeIdOf(1), sampleAgentEvent(1), T0_MS))).toBe(true);
  });

  test('fleet events get ascending ids and are read from a cursor or newest first', async () => {
    const { reader } = current();
    const added = await write(async (writer) => [
      await writer.addFleetEvent(sampleFleetEvent(1)),
      await writer.addFleetEvent(sampleFleetEvent(2, { nodeId: nodeIdOf(2), severity: 'error' })),
      await writer.addFleetEvent(sampleFleetEvent(3, { nodeId: undefined })),
      await writer.addFleetEvent(sampleFleetEvent(4)),
    ]);
    const [first, second, third, fourth] = added;
    expect(added.map(({ id }) => id)).toEqual(added.map(({ id }) => id).sort((a, b) => a - b));
    expect(third).toEqual({ ...sampleFleetEvent(3, { nodeId: undefined }), id: third?.id });
    expect(await reader.eventsAfter(first?.id ?? 0, { limit: 2 })).toEqual([second, third]);
    expect(await reader.eventsAfter(fourth?.id ?? 0, PAGE)).toEqual([]);
    expect(await reader.eventsNewest(undefined, { limit: 3 })).toEqual([fourth, third, second]);
    expect(await reader.eventsNewest({ nodes: [nodeIdOf(1)] }, PAGE)).toEqual([fourth, first]);
  });

  test('fleet events of some sites or nodes leave out those of others, and of none', async () => {
    const { reader } = current();
    const ids = await write(async (writer) => {
      for (const n of [1, 2, 3]) await writer.putNode(sampleNode(n, { site: siteId(`site-${n}`) }));
      const nodes = [1, 2, undefined, 3, 1, 2];
      const events = nodes.map((n) => sampleFleetEvent(1, { nodeId: n === undefined ? undefined : nodeIdOf(n) }));
      const added = [];
      for (const event of events) added.push(await writer.addFleetEvent(event));
      return added.map(({ id }) => id);
    });
    const places = (events: readonly FleetEvent[]) => events.map(({ id }) => ids.indexOf(id));
    const sites = { sites: ['site-1', 'site-2', 'nowhere'] };
    expect(places(await reader.eventsAfter(0, PAGE, sites))).toEqual([0, 1, 4, 5]);
    expect(places(await reader.eventsAfter(ids[0] ?? 0, { limit: 2 }, sites))).toEqual([1, 4]);
    expect(places(await reader.eventsNewest(sites, { limit: 3 }))).toEqual([5, 4, 1]);
    expect(places(await reader.eventsNewest(sites, { limit: 3, after: ids[4] }))).toEqual([1, 0]);
    expect(places(await reader.eventsNewest({ nodes: [1, 3].map(nodeIdOf) }, PAGE))).toEqual([4, 3, 0]);
    expect(places(await reader.eventsNewest({ sites: [] }, PAGE))).toEqual([]);
    const many = { sites: Array.from({ length: 250 }, (_, n) => `site-${n}`) };
    expect(places(await reader.eventsNewest(many, PAGE))).toEqual([5, 4, 3, 1, 0]);
  });

  test('an id of a fleet event is never given twice, also when all events were pruned', async () => {
    const before = await write((writer) => writer.addFleetEvent(sampleFleetEvent(1)));
    await write((writer) => writer.prune({ ...NOTHING, eventsBeforeMs: T0_MS + 2 }, 10));
    expect(await current().reader.eventsNewest(undefined, PAGE)).toEqual([]);
    const after = await write((writer) => writer.addFleetEvent(sampleFleetEvent(2)));
    expect(after.id).toBeGreaterThan(before.id);
  });

  test('history is what overlaps the asked stretch, oldest first', async () => {
    const { reader } = current();
    const segments = [sampleSegment(1, 1_000, 2_000), sampleSegment(1, 2_000, 3_000), sampleSegment(1, 2_500, 9_000)];
    await write(async (writer) => {
      for (const segment of [...segments].reverse()) await writer.addHistory(segment);
      await writer.addHistory(sampleSegment(2, 1_000, 2_000));
    });
    const from = async (fromMs: number, toMs: number) =>
      (await reader.history(nodeIdOf(1), fromMs, toMs)).map((segment) => segment.fromMs);
    expect(await reader.history(nodeIdOf(1), 0, 10_000)).toEqual(segments);
    expect(await from(2_000, 2_001)).toEqual([2_000]);
    expect(await from(1_999, 2_000)).toEqual([1_000]);
    expect(await from(3_000, 9_000)).toEqual([2_500]);
    expect(await from(9_000, 10_000)).toEqual([]);
  });

  test('a segment replaces the one that starts at the same moment, and is removed by it', async () => {
    const { reader } = current();
    const longer = { ...sampleSegment(1, 1_000, 5_000), packed: Uint8Array.of(9) };
    await write(async (writer) => {
      await writer.addHistory(sampleSegment(1, 1_000, 2_000));
      await writer.addHistory(longer);
    });
    expect(await reader.history(nodeIdOf(1), 0, 9_000)).toEqual([longer]);
    await write((writer) => writer.removeHistory({ nodeId: nodeIdOf(1), fromMs: 1_000 }));
    expect(await reader.history(nodeIdOf(1), 0, 9_000)).toEqual([]);
  });

  test('times with a fraction of a millisecond are kept as whole ones', async () => {
    const { id } = await write((writer) => writer.addFleetEvent(sampleFleetEvent(0, { atMs: T0_MS + 0.4 })));
    expect(await current().reader.eventsAfter(id - 1, PAGE)).toMatchObject([{ atMs: T0_MS }]);
  });

  describe('pruning', () => {
    test('removes what is older than its age, oldest first, at most the limit at a time', async () => {
      const { reader } = current();
      await write(async (writer) => {
        for (let n = 0; n < 6; n++) await writer.addFleetEvent(sampleFleetEvent(n));
      });
      const before = { ...NOTHING, eventsBeforeMs: T0_MS + 5 };
      expect(await write((writer) => writer.prune(before, 2))).toBe(2);
      expect((await reader.eventsNewest(undefined, PAGE)).map(({ atMs }) => atMs - T0_MS)).toEqual([5, 4, 3, 2]);
      expect(await write((writer) => writer.prune(before, 10))).toBe(3);
      expect(await write((writer) => writer.prune(before, 10))).toBe(0);
      expect((await reader.eventsNewest(undefined, PAGE)).map(({ atMs }) => atMs - T0_MS)).toEqual([5]);
    });

    test('the limit is for all kinds together, and nothing is left in the end', async () => {
      await write(async (writer) => {
        await writer.putNode(sampleNode(1));
        for (let n = 0; n < 4; n++) {
          await writer.addFleetEvent(sampleFleetEvent(n));
          await writer.addAgentEvent(nodeIdOf(1), sampleAgentEvent(n), T0_MS + n);
          await writer.addHistory(sampleSegment(1, T0_MS + n, T0_MS + n + 1));
          await writer.putCommand(sampleCommand(n, { state: 'succeeded' }), sampleSigned(n));
        }
      });
      const all = T0_MS + 10_000;
      const before = {
        eventsBeforeMs: all,
        agentEventsBeforeMs: all,
        commandsBeforeMs: all,
        historyBeforeMs: all,
      };
      let rounds = 0;
      for (let count = 1; count > 0; rounds++) {
        count = await write((writer) => writer.prune(before, 3));
        expect(count).toBeLessThanOrEqual(3);
      }
      expect(rounds).toBeGreaterThan(4);
      const { reader } = current();
      expect(await reader.eventsNewest(undefined, PAGE)).toEqual([]);
      expect(await reader.history(nodeIdOf(1), 0, all)).toEqual([]);
      expect(await reader.signedCommand(commandIdOf(1))).toBeUndefined();
      expect(await write((writer) => writer.addAgentEvent(nodeIdOf(1), sampleAgentEvent(1), all))).toBe(true);
    });

    test('a command that may still be heard of stays, however old', async () => {
      await write(async (writer) => {
        await writer.putNode(sampleNode(1));
        await writer.putCommand(sampleCommand(1, { state: 'started' }), undefined);
        await writer.putCommand(sampleCommand(2, { state: 'failed' }), undefined);
      });
      expect(await write((writer) => writer.prune({ ...NOTHING, commandsBeforeMs: T0_MS * 2 }, 10))).toBe(1);
      expect((await current().reader.command(commandIdOf(1)))?.state).toBe('started');
      expect(await current().reader.command(commandIdOf(2))).toBeUndefined();
    });

    test('the id of a pruned command stays known: an old ledger must not look like a lost database', async () => {
      await write(async (writer) => {
        await writer.putNode(sampleNode(1));
        await writer.putCommand(sampleCommand(1, { state: 'succeeded' }), sampleSigned(1));
      });
      await write((writer) => writer.prune({ ...NOTHING, commandsBeforeMs: T0_MS * 2 }, 10));
      expect(await current().reader.unknownCommands([1, 2].map(commandIdOf))).toEqual([commandIdOf(2)]);
    });
  });
}
