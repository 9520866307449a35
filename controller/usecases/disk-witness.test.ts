import { expect, test } from 'vitest';
import { nodeView } from './fleet-view.js';
import { FakeAgent, healthyFacts, id, makeNode, TestFleet } from './testing/fleet.js';

const MAC = 'b8:27:eb:aa:00:01';
const ADDRESS = '10.46.189.2';

/** A Pi that reports once, and a fileserver that goes on. */
async function setUp() {
  const board = { model: 'Raspberry Pi 4', serial: '10000000aa000001', macAddresses: [MAC] };
  const nodes = [makeNode(1, { board }), makeNode(2, { kind: 'fileserver', name: 'fs-1' })];
  const fleet = await TestFleet.start({ nodes });
  const pi = await fleet.connect(new FakeAgent(1, { board }));
  pi.report();
  const fileserver = await fleet.connect(new FakeAgent(2, {}, 'fileserver'));
  /** Reports every 20 s; the Pi asked last so many seconds before each. */
  const tellFor = async (
    seconds: number,
    askedS: () => number,
    more: Readonly<Record<string, number | string>> = {},
  ) => {
    for (let passed = 0; passed < seconds; passed += 20) {
      const facts = { [`vlan_peer_mac_text ${ADDRESS}`]: MAC, [`nfs_client_asked_unix_s ${ADDRESS}`]: askedS() };
      fileserver.report(healthyFacts({ ...facts, ...more }));
      await fleet.world.advance(20_000);
    }
    await fleet.world.settle();
  };
  const nowS = (): number => Math.round(fleet.world.clock.nowMs() / 1_000);
  const entry = (of = fleet) => {
    const found = of.core.nodes.get(id(1));
    if (found === undefined) throw new Error('no such node');
    return nodeView(found);
  };
  return { fleet, pi, tellFor, nowS, entry };
}

test('a Pi that falls silent with its disk stands still, told once and also after a restart; its return ends it', async () => {
  const { fleet, pi, tellFor, nowS, entry } = await setUp();
  const lastS = nowS();
  pi.cut();
  await tellFor(400, () => lastS);
  expect(entry()).toMatchObject({
    state: 'no-contact',
    why: expect.stringMatching(/^No report for .*, and it asks fs-1 for nothing any more: it is frozen, off, or /),
    conditions: [{ type: 'NoContact' }, { type: 'StandsStill', status: 'true', sinceMs: lastS * 1_000 }],
  });
  const again = await fleet.restart();
  expect(entry(again).conditions).toMatchObject([
    { type: 'NoContact', status: 'unknown' },
    { type: 'StandsStill', status: 'unknown' },
  ]);
  (await again.connect(new FakeAgent(1))).report();
  await again.world.advance(20_000);
  await again.world.settle();
  expect(entry(again).conditions).toEqual([]);
  expect((await again.store.reader.conditions()).map(({ type }) => type)).toEqual([]);
  const told = (await again.events()).filter(({ message }) => message.startsWith('StandsStill'));
  expect(told).toHaveLength(1);
});

test('a Pi that still asks for its disk runs without being heard', async () => {
  const { pi, tellFor, nowS, entry } = await setUp();
  pi.cut();
  await tellFor(400, () => nowS() - 5);
  expect(entry()).toMatchObject({
    state: 'no-contact',
    conditions: [{ type: 'NoContact' }, { type: 'RunsUnheard', severity: 'warning', instance: 'fs-1' }],
  });
});

test('who does not answer for its hardware address any more is still known by what it asked', async () => {
  const { pi, tellFor, nowS, entry } = await setUp();
  await tellFor(20, nowS);
  const lastS = nowS();
  pi.cut();
  await tellFor(400, () => lastS, { [`vlan_peer_mac_text ${ADDRESS}`]: '' });
  expect(entry().conditions.map(({ type }) => type)).toEqual(['NoContact', 'StandsStill']);
});

test.for<[string, Readonly<Record<string, number>>]>([
  ['is stopped', { nfsd_service_state: 3 }],
  ['takes up no request', { nfsd_service_state: 1, nfsd_stalled_ms: 30_000 }],
])('nobody stands still by the word of an NFS server that %s', async ([, facts]) => {
  const { pi, tellFor, nowS, entry } = await setUp();
  const lastS = nowS();
  pi.cut();
  await tellFor(400, () => lastS, facts);
  expect(entry().conditions.map(({ type }) => type)).toEqual(['NoContact']);
});
