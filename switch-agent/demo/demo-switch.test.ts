import { expect, test } from 'vitest';
import { sitePis } from '../../agent/demo/pi-spec.js';
import { orderOn } from '../../agent/kit/testing/order-on.js';
import { SIM_ENDPOINT, SIM_PIN, SIM_TOKEN } from '../../agent/kit/testing/sim-controller.js';
import { SimSite } from '../../agent/kit/testing/sim-site.js';
import { renderSwitchPlan } from '../../proto/contract/switch/parse-plan.js';
import { preflight } from '../../proto/contract/switch/preflight.js';
import { type Command, CommandState, PowerAction } from '../../proto/gen/bramble/agent/v1/command.js';
import { runDemoSwitch } from './demo-switch.js';
import { demoPlan } from './switch-spec.js';

const MINUTE_MS = 60_000;
const SEED = 20_261;
const CABLES = { powerFile: '/demo/power.json', linkFiles: ['/demo/links-0.json'] };

/** The demo's switch against a small controller, in simulated time. */
function setUp() {
  const site = new SimSite();
  const { world, controller, host: real, log } = site;
  const join = { controller: SIM_ENDPOINT, pin: SIM_PIN, token: SIM_TOKEN };
  const options = {
    pis: 4,
    seed: SEED,
    stateDir: '/demo',
    cables: CABLES,
    real,
    join,
    log,
    tidyMemory: () => undefined,
  };
  const order = orderOn(site);
  const start = () => {
    const stop = new AbortController();
    const ended = runDemoSwitch(options, stop.signal);
    return async (): Promise<void> => {
      stop.abort();
      await world.settle(ended);
    };
  };
  const unpowered = () => real.files.readText(CABLES.powerFile);
  return { world, controller, real, start, order, unpowered };
}

const power = (action: PowerAction, port: string): NonNullable<Command['action']> => ({
  $case: 'switchPower',
  value: { port, action, offMs: action === PowerAction.CYCLE ? 15_000 : 0, bootLeaseId: '' },
});

test('the plan of its ports is one that a switch would be given', () => {
  expect(preflight(demoPlan(sitePis(SEED, 24)), undefined).filter(({ severity }) => severity === 'error')).toEqual([]);
});

test('it enrols as a switch, and tells of its ports what a switch tells', async () => {
  const { world, controller, real, start } = setUp();
  await real.files.writeAtomic('/demo/links-0.json', '["demo-02"]');
  const end = start();
  await world.runFor(2 * MINUTE_MS);
  const [pi] = sitePis(SEED, 1);
  const { facts } = controller;
  expect(facts.get('board_model_text')).toBe('Edgecore AS4610-54P');
  expect(facts.get('port_role_text swp1')).toBe('pi: demo-01');
  expect(facts.get('port_vlans_text swp1')).toBe('11u 10');
  expect(facts.get('port_macs_text swp1')).toBe(`11/${pi?.mac}`);
  expect(facts.get('poe_status_text swp1')).toBe('connected');
  expect(facts.get('network_operational_state swp1')).toBe(1);
  expect(facts.get('port_macs_count swp2') ?? 0).toBe(0);
  expect(facts.get('port_admin_flag swp5')).toBe(0);
  expect(facts.get('port_neighbor_text swp49')).toBe('demo-fs eth0');
  expect(facts.get('switch_drift_count')).toBe(0);
  expect([...facts.keys()].filter((name) => /wlan0|revision|throttled/.test(name))).toEqual([]);
  await end();
});

test('a port that is turned off takes the power of its board away, and a restart of the program does not give it back', async () => {
  const { world, order, start, unpowered } = setUp();
  const end = start();
  await world.runFor(MINUTE_MS);
  expect(await order(power(PowerAction.OFF, 'swp3'))).toBe(CommandState.SUCCEEDED);
  expect(await unpowered()).toBe('["demo-03"]\n');
  await end();
  const endAgain = start();
  await world.runFor(MINUTE_MS);
  expect(await unpowered()).toBe('["demo-03"]\n');
  expect(await order(power(PowerAction.ON, 'swp3'))).toBe(CommandState.SUCCEEDED);
  expect(await unpowered()).toBe('[]\n');
  await endAgain();
});

test('a cycle that the end of the program cuts off is finished when it starts again', async () => {
  const { world, controller, order, start, unpowered } = setUp();
  const end = start();
  await world.runFor(MINUTE_MS);
  await order(power(PowerAction.CYCLE, 'swp2'), 5_000);
  expect(await unpowered()).toBe('["demo-02"]\n');
  await end();
  const endAgain = start();
  await world.runFor(2 * MINUTE_MS);
  expect(await unpowered()).toBe('[]\n');
  expect(controller.facts.get('poe_status_text swp2')).toBe('connected');
  await endAgain();
});

test('the way out and the trunk are never without power', async () => {
  const { world, order, start } = setUp();
  const end = start();
  await world.runFor(MINUTE_MS);
  expect(await order(power(PowerAction.OFF, 'swp49'))).toBe(CommandState.FAILED);
  await end();
});

test('a change of its ports is on trial until somebody confirms it, and taken back when nobody does', async () => {
  const { world, controller, order, start } = setUp();
  const end = start();
  await world.runFor(MINUTE_MS);
  const plan = demoPlan(sitePis(SEED, 3)); // the fourth port is no longer used
  const value = { plan: renderSwitchPlan(plan), confirmWithinMs: 60_000 };
  expect(await order({ $case: 'switchApply', value })).toBe(CommandState.SUCCEEDED);
  await world.runFor(MINUTE_MS / 2);
  expect(controller.facts.get('port_admin_flag swp4')).toBe(0);
  await world.runFor(2 * MINUTE_MS);
  expect(controller.facts.get('port_admin_flag swp4')).toBe(1);
  await end();
});
