/** A switch whose ports are changed and whose boards lose their power, by its agent: a real kernel, the real ifupdown2, real boards. */

import { expect, test } from 'vitest';
import type { Rack } from './rack.js';
import { switchPlanOf } from './switch-plan.js';
import { nodeNamed, settled, sharedRack, until } from './testing.js';

const BOOT_LIMIT_MS = 240_000;
const COMMAND_LIMIT_MS = 180_000;
const SLOW_MS = 240_000;
/** What is cut off is back within this, as promised: for a machine that does nothing else. */
const BACK_MS_MAX = 60_000;
const CONFIRM_MS = 30_000;

const bootId = (rack: Rack, name: string): Promise<string> => rack.run(name, 'cat /proc/sys/kernel/random/boot_id');

const answersPing = async (rack: Rack, from: string, address: string): Promise<boolean> =>
  (await rack.tryRun(from, `ping -c 2 -W 2 ${address}`, SLOW_MS)).status === 0;

test('T-35: a change that cuts the switch off is taken back by itself, and the switch is heard again within a minute', async ({
  skip,
}) => {
  const rack = sharedRack(skip);
  await rack.controller.connected(rack.guestNames, BOOT_LIMIT_MS);
  const { id } = await nodeNamed(rack, 'switch');
  const { api } = rack.controller;
  const before = await rack.run('switch', 'cat /etc/network/interfaces');
  const boots = await Promise.all(rack.spec.pis.map(({ name }) => bootId(rack, name)));
  const plan = switchPlanOf(rack.spec, '192.168.61.3/24');
  const action = { kind: 'switch-apply', plan, confirmWithinMs: CONFIRM_MS } as const;
  const { id: change } = await api.issueCommand(id, { action, reason: 'rack', validForMs: 120_000 });
  const address = () => rack.run('switch', 'ip -4 -o addr show dev mgmt0');
  await until('it is cut off', COMMAND_LIMIT_MS, address, (seen) => seen.includes('192.168.61.3'));
  const cutAtMs = performance.now();
  await until('its way is back', BACK_MS_MAX, address, (seen) => seen.includes('192.168.60.3'));
  const { state } = await until(
    'the controller hears how it went',
    BACK_MS_MAX,
    () => api.command(change),
    (seen) => ['succeeded', 'failed'].includes(seen.state),
  );
  const since = Date.now();
  await until(
    'it reports again',
    BACK_MS_MAX,
    () => nodeNamed(rack, 'switch'),
    ({ lastSeenMs = 0, liveness }) => liveness === 'fresh' && lastSeenMs > since - 5_000,
  );
  const tookMs = performance.now() - cutAtMs;
  process.stdout.write(`rack: cut off by a change (${state}), heard again after ${Math.round(tookMs / 1_000)} s\n`);
  expect(tookMs).toBeLessThan(BACK_MS_MAX);
  expect(await rack.run('switch', 'cat /etc/network/interfaces')).toBe(before);
  expect(await Promise.all(rack.spec.pis.map(({ name }) => bootId(rack, name)))).toEqual(boots);
});

test('a change that everybody sees is confirmed, and is what ifupdown2 finds', async ({ skip }) => {
  const rack = sharedRack(skip);
  await rack.controller.connected(rack.guestNames, BOOT_LIMIT_MS);
  const { id } = await nodeNamed(rack, 'switch');
  const plan = switchPlanOf(rack.spec, '192.168.60.3/24', '131');
  const apply = () => settled(rack, id, { kind: 'switch-apply', plan, confirmWithinMs: 120_000 });
  // One that was taken back is looked at for a while after the switch is heard again; until then the next one is refused.
  const applied = await until('it is taken', COMMAND_LIMIT_MS, apply, ({ state }) => state === 'succeeded');
  expect(await settled(rack, id, { kind: 'switch-confirm', changeId: applied.id })).toMatchObject({
    state: 'succeeded',
  });
  expect(await rack.run('switch', 'cat /etc/network/interfaces')).toContain('alias pi: pi1');
  for (const { port, vlan } of rack.spec.pis) {
    const vlans = await rack.run('switch', `bridge -compressvlans vlan show dev swp${port}`);
    expect(vlans).toMatch(new RegExp(`${vlan} PVID Egress Untagged`));
    expect(vlans).toMatch(/131$/m);
  }
  for (const { name, serverAddress } of rack.spec.pis) expect(await answersPing(rack, name, serverAddress)).toBe(true);
});

test('a Pi is really without power while its port is cycled, also when the agent is killed meanwhile', async ({
  skip,
}) => {
  const rack = sharedRack(skip);
  await rack.controller.connected(rack.guestNames, BOOT_LIMIT_MS);
  const [, pi] = rack.spec.pis;
  if (pi === undefined) throw new Error('two Pis are needed');
  const { id } = await nodeNamed(rack, 'switch');
  const { api } = rack.controller;
  const before = await bootId(rack, pi.name);
  const action = {
    kind: 'switch-power',
    port: `swp${pi.port}`,
    action: 'cycle',
    offMs: 15_000,
    bootLeaseId: '',
  } as const;
  await api.issueCommand(id, { action, reason: 'rack', validForMs: 120_000 });
  await until('it has no power', COMMAND_LIMIT_MS, async () => !rack.isOn(pi.name));
  const sinceMs = performance.now();
  await rack.run('switch', 'kill -9 "$(cat /run/lab/agent.pid)"');
  await until('it has power', COMMAND_LIMIT_MS, async () => rack.isOn(pi.name));
  const darkMs = performance.now() - sinceMs;
  process.stdout.write(`rack: a port whose agent was killed gave no power for ${Math.round(darkMs / 1_000)} s\n`);
  expect(darkMs).toBeGreaterThan(14_000);
  await rack.ready([pi.name], BOOT_LIMIT_MS);
  expect(await bootId(rack, pi.name)).not.toBe(before);
  await rack.controller.connected(['switch', pi.name], BOOT_LIMIT_MS);
});
