/** What people say of sites and nodes, lists that are paged, and answers that are kept for a second asking. */

import { describe, expect, test } from 'vitest';
import { siteId } from '../../../proto/contract/ids.js';
import type { Maintenance } from '../../domain/maintenance.js';
import { noSettings } from '../../domain/node-settings.js';
import type { Site } from '../../domain/site.js';
import type { IdempotencyRecord, PruneBefore, Store, StoreWriter } from '../../usecases/ports.js';
import {
  commandIdOf,
  nodeIdOf,
  sampleCommand,
  sampleEnrollment,
  sampleFleetEvent,
  sampleNode,
  sampleToken,
  T0_MS,
} from './samples.js';

const PAGE = { limit: 100 };
const EVENTS_ONLY: PruneBefore = {
  eventsBeforeMs: T0_MS + 4,
  agentEventsBeforeMs: 0,
  commandsBeforeMs: 0,
  historyBeforeMs: 0,
};

const site = (name: string, over: Partial<Site> = {}): Site => ({
  id: siteId(name),
  label: 'Attic',
  location: '',
  uplink: undefined,
  createdAtMs: T0_MS,
  revision: 1,
  ...over,
});

const answer = (n: number, over: Partial<IdempotencyRecord> = {}): IdempotencyRecord => ({
  keySha256: String(n).padStart(64, '0'),
  requestSha256: 'ab'.repeat(32),
  atMs: T0_MS + n,
  answer: { status: 201, text: '{"keyId":"a"}' },
  ...over,
});

export function describeOperators(current: () => Store): void {
  const write = <T>(work: (writer: StoreWriter) => Promise<T>): Promise<T> => current().transact(work);

  test('sites are replaced by name, listed by name, and removed', async () => {
    const { reader } = current();
    const uplink = { downBitsPerS: 100_000_000_000, upBitsPerS: 5_000_000, monthlyBytes: undefined };
    const changed = site('attic', { uplink: { ...uplink, monthlyBytes: 2 ** 50 }, revision: 2 });
    await write(async (writer) => {
      for (const name of ['cellar', 'attic', 'barn']) await writer.putSite(site(name, { uplink }));
      await writer.putSite(changed);
      await writer.removeSite(siteId('barn'));
      expect(await writer.site(siteId('barn'))).toBeUndefined();
    });
    expect(await reader.sites()).toEqual([changed, site('cellar', { uplink })]);
    expect(await reader.site(siteId('attic'))).toEqual(changed);
  });

  test('what is over of a removed site goes with it, but for the record of its nodes', async () => {
    const { reader } = current();
    const [barn, attic] = [siteId('barn'), siteId('attic')];
    await write(async (writer) => {
      await writer.putNode(sampleNode(1, { site: barn, lifecycle: 'revoked' }));
      await writer.putNode(sampleNode(2, { site: attic }));
      for (const [n, place] of [
        [1, barn],
        [2, attic],
      ] as const) {
        await writer.putToken(sampleToken(n, { site: place }));
        await writer.putEnrollment(sampleEnrollment(n, { site: place, state: 'rejected', nodeId: undefined }));
      }
      await writer.removeSite(barn);
    });
    expect((await reader.tokens(PAGE)).map((token) => token.site)).toEqual([attic]);
    expect((await reader.enrollments('rejected', PAGE)).map((request) => request.site)).toEqual([attic]);
    expect(await Promise.all([barn, attic].map((place) => reader.hadNodes(place)))).toEqual([true, false]);
  });

  test('what keeps a site is counted: nodes in service, undecided requests, tokens that may still be used', async () => {
    const other = siteId('cellar');
    await write(async (writer) => {
      await writer.putNode(sampleNode(1));
      await writer.putNode(sampleNode(2, { lifecycle: 'revoked' }));
      await writer.putNode(sampleNode(3, { site: other }));
      await writer.putEnrollment(sampleEnrollment(1));
      await writer.putEnrollment(sampleEnrollment(2, { state: 'rejected' }));
      await writer.putToken(sampleToken(1));
      await writer.putToken(sampleToken(2, { revoked: true }));
      await writer.putToken(sampleToken(3, { expiresAtMs: T0_MS }));
      await writer.putToken(sampleToken(4, { uses: 1, boundTo: ['aa'] }));
      expect(await writer.siteContents(siteId('attic'), T0_MS)).toEqual({
        nodesCount: 1,
        enrollmentsPendingCount: 1,
        tokensUsableCount: 1,
      });
      expect(await writer.siteContents(siteId('barn'), T0_MS)).toEqual({
        nodesCount: 0,
        enrollmentsPendingCount: 0,
        tokensUsableCount: 0,
      });
    });
  });

  test('settings of a node are replaced whole', async () => {
    const { reader } = current();
    const settings = { ...noSettings(nodeIdOf(1)), labels: { rack: '3', constructor: '' }, revision: 2 };
    await write(async (writer) => {
      for (const n of [1, 2]) await writer.putNode(sampleNode(n));
      await writer.putNodeSettings({ ...settings, labels: { old: 'x' } });
      await writer.putNodeSettings({ ...settings, capabilities: { poe: 'yes', netboot: 'rom' } });
    });
    expect(await reader.nodeSettings(nodeIdOf(1))).toEqual({
      ...settings,
      capabilities: { poe: 'yes', netboot: 'rom' },
    });
    expect(await reader.nodeSettings(nodeIdOf(2))).toBeUndefined();
    expect(await reader.allNodeSettings()).toHaveLength(1);
  });

  test('maintenance is one per scope; a node and a site of the same name are two', async () => {
    const { reader } = current();
    const words = { owner: 'kim', reason: 'new card', sinceMs: T0_MS, untilMs: T0_MS + 3_600_000 };
    const ofNode: Maintenance = { scope: { kind: 'node', nodeId: nodeIdOf(1) }, ...words };
    const ofSite: Maintenance = { scope: { kind: 'site', site: siteId('attic') }, ...words, owner: 'lee' };
    await write(async (writer) => {
      await writer.putMaintenance({ ...ofNode, owner: 'somebody' });
      await writer.putMaintenance(ofNode);
      await writer.putMaintenance(ofSite);
    });
    expect(await reader.maintenances()).toEqual([ofNode, ofSite]);
    await write((writer) => writer.removeMaintenance(ofNode.scope));
    expect(await reader.maintenances()).toEqual([ofSite]);
  });

  describe('lists go on after their last row', () => {
    test('events and commands, newest first', async () => {
      const { reader } = current();
      await write(async (writer) => {
        for (const n of [1, 2]) await writer.putNode(sampleNode(n));
        for (let n = 1; n <= 5; n++) {
          await writer.addFleetEvent(sampleFleetEvent(n, { nodeId: nodeIdOf(n === 2 ? 2 : 1) }));
          await writer.putCommand(sampleCommand(n, { nodeId: nodeIdOf(n === 2 ? 2 : 1) }), undefined);
        }
      });
      const [, , third] = await reader.eventsNewest(undefined, PAGE);
      const times = (await reader.eventsNewest({ nodes: [nodeIdOf(1)] }, { limit: 9, after: third?.id })).map(
        ({ atMs }) => atMs,
      );
      expect(times).toEqual([T0_MS + 1]);
      const ids = async (...asked: Parameters<typeof reader.commandsNewest>) =>
        (await reader.commandsNewest(...asked)).map(({ id }) => id);
      expect(await ids(undefined, { limit: 2 })).toEqual([5, 4].map(commandIdOf));
      expect(await ids(undefined, { limit: 9, after: commandIdOf(4) })).toEqual([3, 2, 1].map(commandIdOf));
      expect(await ids(nodeIdOf(1), { limit: 9, after: commandIdOf(4) })).toEqual([3, 1].map(commandIdOf));
    });

    test('tokens and enrolments, also where several are of the same moment', async () => {
      const { reader } = current();
      await write(async (writer) => {
        for (let n = 1; n <= 6; n++) {
          await writer.putToken(sampleToken(n, { createdAtMs: T0_MS + Math.ceil(n / 3) }));
          await writer.putEnrollment(sampleEnrollment(n, { firstAskedAtMs: T0_MS + Math.ceil(n / 3) }));
        }
      });
      const tokens: string[] = [];
      const requests: string[] = [];
      let [token, request] = [
        (await reader.tokens({ limit: 1 }))[0],
        (await reader.enrollments('pending', { limit: 1 }))[0],
      ];
      while (token !== undefined && request !== undefined) {
        tokens.push(token.keyId);
        requests.push(request.spkiSha256);
        [token] = await reader.tokens({ limit: 1, after: token });
        [request] = await reader.enrollments('pending', { limit: 1, after: request });
      }
      expect(tokens).toEqual((await reader.tokens(PAGE)).map(({ keyId }) => keyId));
      expect(tokens).toHaveLength(6);
      expect(requests).toEqual((await reader.enrollments('pending', PAGE)).map(({ spkiSha256 }) => spkiSha256));
    });
  });

  test('an answer is kept by its key, replaced, removed, and pruned by age and by number', async () => {
    const { reader } = current();
    await write(async (writer) => {
      for (let n = 1; n <= 6; n++) await writer.putIdempotent(answer(n, { answer: undefined }));
      await writer.putIdempotent(answer(5));
      await writer.removeIdempotent(answer(6).keySha256);
    });
    expect(await reader.idempotent(answer(5).keySha256)).toEqual(answer(5));
    expect(await reader.idempotent(answer(4).keySha256)).toEqual(answer(4, { answer: undefined }));
    await write((writer) => writer.pruneIdempotent(T0_MS + 2, 3));
    const kept = await Promise.all([1, 2, 3, 4, 5, 6].map((n) => reader.idempotent(answer(n).keySha256)));
    expect(kept.map((record) => record !== undefined)).toEqual([false, false, true, true, true, false]);
  });

  test('the highest id that was pruned is known, and never goes back', async () => {
    const { reader } = current();
    expect(await reader.eventsPrunedThrough()).toBe(0);
    const added = await write(async (writer) => {
      const events = [];
      for (let n = 1; n <= 6; n++) events.push(await writer.addFleetEvent(sampleFleetEvent(n)));
      return events;
    });
    await write((writer) => writer.prune(EVENTS_ONLY, 2));
    expect(await reader.eventsPrunedThrough()).toBe(added[1]?.id);
    await write((writer) => writer.prune(EVENTS_ONLY, 10));
    await write((writer) => writer.prune(EVENTS_ONLY, 10));
    expect(await reader.eventsPrunedThrough()).toBe(added[2]?.id);
  });
}
