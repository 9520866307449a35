import { expect, test } from 'vitest';
import { FakeAgent, healthyFacts, makeNode, TestFleet } from '../testing/fleet.js';

const MAC = 'dc:a6:32:00:00:01';
const board = (mac: string) => ({ model: '', serial: `00000000${mac.slice(-2)}`, macAddresses: [mac] });
const LEARNED = {
  'port_role_text swp1': 'pi: pi-1',
  'port_vlans_text swp1': '10u',
  'port_macs_text swp1': `10/${MAC}`,
};

async function fleetWith(facts: Readonly<Record<string, string>>) {
  const nodes = [
    makeNode(1, { kind: 'switch', name: 'sw-1' }),
    makeNode(2, { name: 'pi-1', board: board(MAC) }),
    makeNode(3, { name: 'pi-2', board: board('dc:a6:32:00:00:02') }),
  ];
  const fleet = await TestFleet.start({ nodes, options: { reportIntervalMs: 5_000 } });
  const agent = await fleet.connect(new FakeAgent(1, {}, 'switch'));
  const pass = async (ms: number, now: Readonly<Record<string, string>>) => {
    for (let left = ms; left > 0; left -= 5_000) {
      agent.report(healthyFacts({ ...facts, ...now }));
      await fleet.world.advance(5_000);
    }
  };
  const raised = async () =>
    (await fleet.events()).filter(({ reason }) => reason === 'ConditionRaised').map(({ message }) => message);
  const cleared = async () => (await fleet.timeline()).filter((reason) => reason === 'ConditionCleared').length;
  return { pass, raised, cleared };
}

test('a board on the port of another is told within minutes, in full reports too, and is over when it is back', async () => {
  const { pass, raised, cleared } = await fleetWith(LEARNED);
  await pass(120_000, { 'port_macs_text swp1': '10/dc:a6:32:00:00:02' });
  expect(await raised()).toEqual(['PortWrongBoard: port swp1: pi-2 is there, it is planned for pi-1']);
  await pass(60_000, {});
  expect(await cleared()).toBe(1);
});

test('an address that nobody has, in the VLAN of a node, is told', async () => {
  const { pass, raised } = await fleetWith(LEARNED);
  await pass(120_000, { 'port_macs_text swp1': `10/${MAC} 10/dc:a6:32:00:00:99` });
  expect(await raised()).toEqual([
    'PortForeignAddress: port swp1: dc:a6:32:00:00:99 is not of pi-1, nor of any node of the fleet',
  ]);
});

test('ports as planned are no news', async () => {
  const { pass, raised } = await fleetWith(LEARNED);
  await pass(120_000, {});
  expect(await raised()).toEqual([]);
});
