import { expect, test } from 'vitest';
import { parseSwitchPolicy } from '../actuator/policy.js';
import { powerSamples } from '../collectors/power.js';
import { SimSwitch } from '../testing/sim-switch.js';
import { switchPower } from './cycle.js';
import { startStaggered } from './start.js';
import { powerStatus } from './status.js';

const never = new AbortController().signal;
const policyOf = (power: Readonly<Record<string, unknown>>, more: Readonly<Record<string, unknown>> = {}) =>
  parseSwitchPolicy(JSON.stringify({ ...more, power: { driver: 'link', ...power } }), 'policy');

function switchWith(...ports: readonly ('on' | 'off')[]): SimSwitch {
  const simulated = new SimSwitch();
  for (const [at, state] of ports.entries()) simulated.power.set(`swp${at + 1}`, state);
  return simulated;
}

const order = (port: string, action: 'on' | 'off') => ({ port, action, offMs: 0, bootLeaseId: '' });
const factsOf = (samples: ReturnType<typeof powerSamples>) =>
  Object.fromEntries(samples.list.map(({ fact, instance, value }) => [`${fact} ${instance}`.trim(), value]));

test('what somebody switched by hand is told as drift, and left as it is', async () => {
  const simulated = switchWith('on', 'on');
  const policy = policyOf({}, { powerPorts: ['swp1', 'swp2'] });
  await switchPower(simulated.process(), order('swp1', 'off'), policy, never);
  await switchPower(simulated.process(), order('swp2', 'on'), policy, never);
  const told = async () => factsOf(powerSamples(await powerStatus(simulated.process(), policy, never)));
  expect(await told()).toMatchObject({
    ...{ 'power_actual_state swp1': 2, 'power_desired_state swp1': 2, power_drift_count: 0 },
    ...{ 'power_actual_state swp2': 1, 'power_desired_state swp2': 1 },
  });
  simulated.power.set('swp1', 'on');
  expect(await told()).toMatchObject({ power_drift_count: 1, power_drift_text: 'swp1 is on, not off' });
  expect(simulated.power.get('swp1')).toBe('on');
  await switchPower(simulated.process(), order('swp1', 'on'), policy, never);
  expect(await told()).toMatchObject({ power_drift_count: 0 });
});

test('the budget is told for each supply, for all, and for when the largest fails', async () => {
  const policy = policyOf({ suppliesWatts: [370, 740] }, { powerPorts: ['swp1'] });
  expect(factsOf(powerSamples(await powerStatus(switchWith('on').process(), policy, never)))).toMatchObject({
    ...{ 'psu_budget_watts_milli PSU1': 370_000, 'psu_budget_watts_milli PSU2': 740_000 },
    ...{ poe_budget_watts_milli: 1_110_000, poe_spare_budget_watts_milli: 370_000 },
  });
});

test('an outlet of a power strip is switched like a port, and needs no place among booting boards', async () => {
  const simulated = switchWith();
  let isOn = true;
  simulated.onProgram = ([program, word]) => {
    if (program !== '/opt/pdu') return undefined;
    if (word !== 'state') isOn = word === 'on';
    return { status: 0, stdout: isOn ? 'on\n' : 'off\n', stderr: '' };
  };
  const strip = { on: ['/opt/pdu', 'on'], off: ['/opt/pdu', 'off'], state: ['/opt/pdu', 'state'] };
  const policy = policyOf({ driver: 'none', needsBootLease: true, outlets: { fs1: strip } }, { powerPorts: ['swp1'] });
  await switchPower(simulated.process(), order('fs1', 'off'), policy, never);
  expect(isOn).toBe(false);
  await switchPower(simulated.process(), order('fs1', 'on'), policy, never);
  expect(isOn).toBe(true);
  const status = await powerStatus(simulated.process(), policy, never);
  // No power is switched at swp1 here: nothing is said of it.
  expect(status.ports).toEqual([{ port: 'fs1', actual: 'on', desired: 'on', isCycling: false }]);
});

const START = { ports: ['swp1', 'swp2', 'swp3'], afterSeconds: 180, everySeconds: 30 };

test('without a controller boards come on one after the other, and those that somebody wants off do not', async () => {
  const simulated = switchWith('off', 'on', 'off');
  const policy = policyOf({ start: START });
  await switchPower(simulated.process(), order('swp2', 'off'), policy, never);
  simulated.bootId = 'boot-2'; // the power was away since
  const begunMs = simulated.nowMs;
  const said: string[] = [];
  const options = { readPolicy: async () => policy, tell: (words: string) => said.push(words) };
  await startStaggered(simulated.process(), options, never);
  expect([...simulated.power]).toEqual([
    ['swp1', 'on'],
    ['swp2', 'off'],
    ['swp3', 'on'],
  ]);
  expect(simulated.nowMs - begunMs).toBeGreaterThanOrEqual(240_000);
  expect(said).toEqual([
    'swp1 gives power: no controller said who may boot',
    'swp3 gives power: no controller said who may boot',
  ]);
});

test('while a controller says who boots, nobody else comes on', async () => {
  const simulated = switchWith('off', 'off', 'off');
  const policy = policyOf({ start: { ...START, afterSeconds: 0, ports: ['swp1'] } });
  await switchPower(simulated.process(), order('swp2', 'on'), policy, never);
  const orderedMs = simulated.nowMs;
  await startStaggered(simulated.process(), { readPolicy: async () => policy, tell: () => undefined }, never);
  expect(simulated.nowMs - orderedMs).toBeGreaterThanOrEqual(300_000);
  expect(simulated.power.get('swp1')).toBe('on');
});
