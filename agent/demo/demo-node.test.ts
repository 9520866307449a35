import { expect, test } from 'vitest';
import { Command, CommandState } from '../../proto/gen/bramble/agent/v1/command.js';
import { GoodbyeReason } from '../../proto/gen/bramble/agent/v1/link.js';
import { commandIdOf } from '../kit/testing/signed-command.js';
import { SIM_ENDPOINT, SIM_NODE_ID, SIM_PIN, SIM_TOKEN } from '../kit/testing/sim-controller.js';
import { SimSite } from '../kit/testing/sim-site.js';
import { DemoNode, newBoot } from './demo-node.js';
import { runDemoSite } from './demo-site.js';
import { makePiAgent } from './pi-agent.js';
import { makePiSpec } from './pi-spec.js';
import { SimulatedMachine } from './simulated-machine.js';

const MINUTE_MS = 60_000;
const join = { controller: SIM_ENDPOINT, pin: SIM_PIN, token: SIM_TOKEN };

/** One demo Pi against a small controller, in simulated time. */
function setUp() {
  const site = new SimSite();
  const { world, controller, host: real, log } = site;
  const boot = newBoot(real.clock.nowMs() - 3_600_000, real.random, true);
  const machine = new SimulatedMachine(makePiSpec(1, 0), boot, { clock: real.clock, random: real.random });
  const boots: string[] = [boot.bootId];
  const onBoot = (): void => {
    boots.push(machine.boot.bootId);
  };
  const tidyMemory = (): void => undefined;
  const pi = new DemoNode({
    agent: makePiAgent(),
    bootLog: undefined,
    machine,
    real,
    join,
    log,
    onBoot,
    tidyMemory,
    stateDir: '/demo/demo-01',
  });
  const stop = new AbortController();
  const ended = pi.run(stop.signal);
  const end = async (): Promise<void> => {
    stop.abort();
    await world.settle(ended);
  };
  return { site, world, controller, machine, pi, boots, end };
}

test('it enrols like any Pi, reports, and says goodbye at the end', async () => {
  const { world, controller, end } = setUp();
  await world.runFor(MINUTE_MS);
  expect(controller.facts.get('hostname_text')).toBe('demo-01');
  expect(controller.facts.get('board_model_text')).toBe('Raspberry Pi 4 Model B Rev 1.4');
  await end();
  expect(controller.goodbyes).toMatchObject([{ reason: GoodbyeReason.SHUTDOWN }]);
});

test('a reboot really takes it away, and brings it back in another boot', async () => {
  const { world, controller, boots, end } = setUp();
  await world.runFor(MINUTE_MS);
  controller.command(
    Command.create({
      id: commandIdOf(1),
      targetNodeId: SIM_NODE_ID,
      epoch: 1,
      issuedAtUnixMs: controller.nowMs,
      validForMs: 300_000,
      preconditions: { bootId: boots[0] ?? '' },
      action: { $case: 'reboot', value: {} },
    }),
  );
  await world.runFor(5_000);
  expect(controller.isConnected).toBe(false);
  expect(controller.goodbyes).toMatchObject([{ reason: GoodbyeReason.REBOOT }]);
  await world.runFor(2 * MINUTE_MS);
  expect(controller.isConnected).toBe(true);
  expect(boots).toHaveLength(2);
  expect(controller.facts.get('boot_id_text')).toBe(boots[1]);
  const states = controller.eventsOf('commandUpdate').map(({ state }) => state);
  expect(states.at(-1)).toBe(CommandState.SUCCEEDED);
  await end();
});

test('a power cut comes without a goodbye, and the Pi is back in another boot', async () => {
  const { world, controller, pi, boots, end } = setUp();
  await world.runFor(MINUTE_MS);
  const startedAtMs = controller.nowMs;
  pi.begin({ name: 'power-cut', startedAtMs, endsAtMs: startedAtMs + 40_000, quietUntilMs: startedAtMs + 50_000 });
  await world.runFor(20_000);
  expect(controller.isConnected).toBe(false);
  await world.runFor(2 * MINUTE_MS);
  expect(controller.isConnected).toBe(true);
  expect(controller.goodbyes).toEqual([]);
  expect(boots).toHaveLength(2);
  await end();
});

test('a port without power keeps it off, also in the middle of a boot, and its link is down until it boots', async () => {
  const { world, controller, pi, boots, end } = setUp();
  await world.runFor(MINUTE_MS);
  pi.setPower(false);
  await world.runFor(5 * MINUTE_MS);
  expect(controller.isConnected).toBe(false);
  expect(pi.isLinkUp).toBe(false);
  pi.setPower(true);
  await world.runFor(3_000);
  pi.setPower(false); // before its kernel runs
  await world.runFor(5 * MINUTE_MS);
  expect(controller.isConnected).toBe(false);
  expect(boots).toHaveLength(1);
  pi.setPower(true);
  await world.runFor(2 * MINUTE_MS);
  expect(controller.isConnected).toBe(true);
  expect(pi.isLinkUp).toBe(true);
  expect(boots).toHaveLength(2);
  expect(controller.goodbyes).toEqual([]);
  await end();
});

test('a lost link is silence, and afterwards the same boot goes on', async () => {
  const { world, controller, machine, pi, boots, end } = setUp();
  await world.runFor(MINUTE_MS);
  const startedAtMs = controller.nowMs;
  pi.begin({ name: 'link-lost', startedAtMs, endsAtMs: startedAtMs + 60_000, quietUntilMs: startedAtMs + 70_000 });
  await world.runFor(30_000);
  expect(controller.isConnected).toBe(false);
  await world.runFor(31_000);
  machine.tick();
  await world.runFor(5 * MINUTE_MS);
  expect(controller.isConnected).toBe(true);
  expect(boots).toHaveLength(1);
  await end();
});

test('a site that is started again goes on in the same boots', async () => {
  const site = new SimSite();
  const { world, controller, host: real, log } = site;
  const options = {
    ...{
      first: 0,
      pis: 1,
      seed: 1,
      stateDir: '/demo',
      hasTroubles: false,
      bootLogFile: undefined,
      cables: undefined,
      real,
      join,
    },
    ...{ logOf: () => log, tidyMemory: () => undefined },
  };
  const seen: unknown[] = [];
  for (let start = 0; start < 2; start++) {
    const stop = new AbortController();
    const ended = runDemoSite(options, stop.signal);
    await world.runFor(MINUTE_MS);
    seen.push(controller.facts.get('boot_id_text'));
    stop.abort();
    await world.settle(ended);
  }
  expect(seen[0]).toMatch(/^[0-9a-f-]{36}$/);
  expect(seen[1]).toBe(seen[0]);
  expect(controller.eventsOf('bootObserved')).toHaveLength(1);
});

test('one that hangs is heard no more while its link holds, until its power is cut', async () => {
  const { world, controller, pi, boots, end } = setUp();
  await world.runFor(MINUTE_MS);
  pi.setBreaks([{ id: 1, kind: 'hang', name: 'demo-01' }]);
  await world.runFor(MINUTE_MS);
  expect([pi.isLinkUp, pi.isStill]).toEqual([true, true]);
  expect([controller.goodbyes, controller.isConnected]).toEqual([[], false]);
  pi.setPower(false);
  await world.runFor(20_000);
  pi.setPower(true);
  await world.runFor(2 * MINUTE_MS);
  expect([boots.length, pi.isStill]).toEqual([2, false]);
  expect(controller.isConnected).toBe(true);
  // The same break is on record still: it is not the kernel of now that hangs.
  pi.setBreaks([{ id: 1, kind: 'hang', name: 'demo-01' }]);
  await world.runFor(MINUTE_MS);
  expect(pi.isStill).toBe(false);
  await end();
});

test('a plug that is out keeps it off, whatever the port gives, until it is back', async () => {
  const { world, pi, boots, end } = setUp();
  await world.runFor(MINUTE_MS);
  pi.setBreaks([{ id: 1, kind: 'pull-plug', name: 'demo-01' }]);
  pi.setPower(false);
  pi.setPower(true);
  await world.runFor(MINUTE_MS);
  expect([pi.isLinkUp, boots.length]).toEqual([false, 1]);
  pi.setBreaks([]);
  await world.runFor(MINUTE_MS);
  expect([pi.isLinkUp, boots.length]).toEqual([true, 2]);
  await end();
});

test('a cut uplink is behind its cable: it goes on, and is heard again afterwards in the same boot', async () => {
  const { world, controller, pi, boots, end } = setUp();
  await world.runFor(MINUTE_MS);
  pi.setBreaks([{ id: 1, kind: 'cut-uplink', name: 'demo' }]);
  await world.runFor(MINUTE_MS);
  expect([pi.isLinkUp, pi.isStill, controller.isConnected]).toEqual([true, false, false]);
  pi.setBreaks([]);
  await world.runFor(2 * MINUTE_MS);
  expect(controller.isConnected).toBe(true);
  expect(boots).toHaveLength(1);
  await end();
});
