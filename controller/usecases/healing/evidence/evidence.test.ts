/** What agents tell beside silence, from the fact to the act: supplies, tunnels, units. */

import { expect, test } from 'vitest';
import type { FactChange } from '../../agent-messages.js';
import { by } from '../../testing/by.js';
import { HealingSite, SITE_TOPOLOGY } from '../../testing/healing-site.js';

const ENFORCE = 'name: test\nversion: 1\nmode: enforce\n';
const MINUTE_MS = 60_000;
/** Longer than a controller that has just started holds silence against nobody. */
const GRACE_MS = 8 * MINUTE_MS;

/** Two supplies, as people write them down. */
const POWERED = {
  ...SITE_TOPOLOGY,
  psus: ['sw-1-psu1', 'sw-1-psu2'].map((name) => ({ name, rack: 'rack-1', poeMilliW: 60_000 })),
  switches: SITE_TOPOLOGY.switches.map((one) => ({ ...one, psus: ['sw-1-psu1', 'sw-1-psu2'] })),
};

const PLAN = JSON.stringify({
  style: 'vlan-aware',
  management: { name: 'eth0', address: 'dhcp' },
  storageVlans: '10-13',
  reservedVlans: [12, 131],
  ports: {
    swp1: { role: 'pi', storageVlan: 10, vlans: 131, note: 'pi-1' },
    swp9: { role: 'fileserver', vlans: '10-11' },
  },
});

const power = (budgetMilliW: number, allocatedMilliW: number): readonly FactChange[] => [
  { fact: 'poe_budget_watts_milli', instance: '', value: budgetMilliW },
  { fact: 'poe_allocated_total_watts_milli', instance: '', value: allocatedMilliW },
];
const supplies = (...lost: readonly number[]): readonly FactChange[] =>
  lost.map((value, at) => ({ fact: 'psu_lost_flag', instance: `PSU${at + 1}`, value }));
const shed = (...ports: readonly number[]): readonly FactChange[] =>
  [1, 2, 3, 4].flatMap((port): readonly FactChange[] => {
    const isShed = ports.includes(port);
    const instance = `swp${port}`;
    return [
      { fact: 'poe_shed_flag', instance, value: isShed ? 1 : 0 },
      ...(isShed
        ? ([
            { fact: 'network_operational_state', instance, value: 2 },
            { fact: 'poe_actual_watts_milli', instance, value: 0 },
          ] as const)
        : []),
    ];
  });

async function started(topology = SITE_TOPOLOGY): Promise<HealingSite> {
  const site = await HealingSite.start(ENFORCE, { topology });
  await site.pass(GRACE_MS);
  return site;
}

test('a switch that lost a supply and shed a port: its Pi is held by the supply, and one that hangs under power is healed', async () => {
  const site = await started(POWERED);
  site.switchSays = [...supplies(1, 0), ...power(60_000, 15_400), ...shed(1)];
  site.hang(1);
  site.hang(2);
  await site.untilOrdered(1);
  await site.done(site.fileserver, 'nothing had to be repaired');
  expect(await site.untilOrdered(2)).toEqual(['fs-1 boot-path-repair', 'sw-1 cycle swp2']);
  expect(site.fleet.core.healing.causes.map(({ name }) => name)).toEqual(['psu:sw-1-psu1']);
  expect(await site.decisions('pi-1')).toContain('hold G2');
});

test('a switch whose ports are allocated more than its supplies give: no power is cut to be given back', async () => {
  const site = await started(POWERED);
  site.switchSays = [...supplies(0, 0), ...power(60_000, 61_600), ...shed()];
  site.hang(2);
  await site.untilOrdered(1);
  await site.done(site.fileserver, 'nothing had to be repaired');
  await site.pass(5 * MINUTE_MS);
  expect(await site.orders()).toEqual(['fs-1 boot-path-repair']);
  expect(await site.decisions('pi-2')).toContain('hold R4 G7');
});

test('a supply that nobody wrote down is told by the switch’s own name for it, and its switch is blamed', async () => {
  const site = await started();
  site.switchSays = [...supplies(0, 1), ...shed(3)];
  site.hang(3);
  await site.pass(5 * MINUTE_MS);
  expect(await site.orders()).toEqual([]);
  expect(site.fleet.core.healing.causes.map(({ name, rowId }) => [name, rowId])).toEqual([
    ['switch:sw-1', 'power-short'],
  ]);
});

test('the tunnel of a site is down and its Pis are silent: nobody there is touched', async () => {
  const tunnels = new Map<string, 'up' | 'down'>([['lab', 'up']]);
  const tunnelOf = (name: string) => tunnels.get(name) ?? 'unobserved';
  const site = await HealingSite.start(ENFORCE, { tunnelOf });
  await site.pass(GRACE_MS);
  tunnels.set('lab', 'down');
  for (const number of [1, 2, 3, 4]) site.hang(number);
  await site.pass(8 * MINUTE_MS);
  expect(await site.orders()).toEqual([]);
  expect(site.fleet.core.healing.causes.map(({ rowId }) => rowId)).toContain('tunnel-down');
});

test('a unit that failed is restarted by its own agent, once', async () => {
  const site = await started();
  site.says.set(1, [{ fact: 'unit_state', instance: 'web.service', value: 4 }]);
  expect(await site.untilOrdered(1)).toEqual(['pi-1 restart-unit']);
  const [pi] = site.pis;
  if (pi === undefined) throw new Error('a Pi is wanted');
  site.says.set(1, [{ fact: 'unit_state', instance: 'web.service', value: 1 }]);
  await site.done(pi, 'web.service was restarted and is active');
  await site.pass(10 * MINUTE_MS);
  expect(await site.orders()).toEqual(['pi-1 restart-unit']);
  expect(await site.decisions('pi-1')).toEqual(expect.arrayContaining(['act R1', 'watch']));
});

test('Pis fall silent after a change of ports that is on trial: the change is taken back, and no Pi is touched', async () => {
  const site = await started();
  site.switchSays = [{ fact: 'switch_change_state', instance: '', value: 2 }];
  const { commands } = site.fleet.core;
  const order = {
    action: { kind: 'switch-apply', plan: PLAN, confirmWithinMs: 60_000 },
    reason: 'VLANs',
    validForMs: 60_000,
  } as const;
  await commands.issue(site.switch.peer.nodeId, order, by('admin:kim'));
  await site.done(site.switch, 'the change is on trial');
  site.hang(1);
  site.hang(2);
  await site.pass(5 * MINUTE_MS);
  expect(await site.orders()).toEqual(['sw-1 switch-apply', 'sw-1 switch-roll-back']);
  expect(await site.decisions('pi-1')).toContain('hold G2');
});
