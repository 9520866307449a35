import { expect, test } from 'vitest';
import { collectOnce, type Finding } from '../kit/inspect/collect-once.js';
import { noMachine } from '../kit/machine/local-machine.js';
import { standaloneProbe } from '../kit/program/run-report.js';
import { makeSimHost } from '../kit/testing/sim-host.js';
import { SimWorld } from '../kit/testing/sim-world.js';
import { piCollectors } from '../pi/collectors/index.js';
import { makeMachineExec, makeMachineServices } from './machine-programs.js';
import { makePiSpec } from './pi-spec.js';
import { SimulatedMachine } from './simulated-machine.js';
import type { TroubleName } from './trouble.js';

const BOOT = { bootId: '0193a5b1-0000-7000-8000-000000000000', bootedAtMs: 0, isColdBoot: true };

function setUp(index: number) {
  const world = new SimWorld(1);
  const { clock, random } = makeSimHost(world, 'demo');
  const bootedAtMs = clock.nowMs() - 86_400_000;
  const machine = new SimulatedMachine(makePiSpec(20_261, index), { ...BOOT, bootedAtMs }, { clock, random });
  const services = makeMachineServices({ clock, random, units: [] }, () => undefined);
  const host = {
    clock,
    services,
    kernel: machine.kernel,
    kernelLog: machine.kernelLog.open(),
    exec: makeMachineExec(clock, 3),
    machine: noMachine(),
  };
  const collectors = piCollectors(standaloneProbe(host)).filter(({ name }) => name !== 'self');
  const report = async (): Promise<readonly Finding[]> =>
    world.settle(collectOnce(collectors, host, new AbortController().signal));
  const begin = (name: TroubleName, forMs: number): void => {
    const startedAtMs = clock.nowMs();
    machine.begin({ name, startedAtMs, endsAtMs: startedAtMs + forMs, quietUntilMs: startedAtMs + forMs });
  };
  return { world, machine, report, begin };
}

function factsOf(findings: readonly Finding[]): ReadonlyMap<string, number | string> {
  const samples = findings.flatMap(({ samples }) => samples);
  return new Map(samples.map(({ fact, instance, value }) => [`${fact} ${instance}`.trim(), value]));
}

test.for(Array.from({ length: 16 }, (_, index) => index))('no collector of an agent fails on Pi %i', async (index) => {
  const { world, report, machine } = setUp(index);
  await report();
  await world.runFor(60_000);
  const findings = await report();
  expect(findings.filter(({ state }) => state === 'failed' || state === 'timed-out')).toEqual([]);
  const facts = factsOf(findings);
  const { spec } = machine;
  expect(facts.get('board_model_text')).toBe(spec.board.model);
  expect(facts.get('board_name_text')).toMatch(/^Raspberry Pi /);
  expect(facts.get('board_serial_text')).toBe(spec.serial);
  expect(facts.get('hostname_text')).toBe(spec.name);
  expect(facts.get('cpu_cores_count')).toBe(spec.board.cores);
  expect(facts.get('cpu_busy_permille')).toBeGreaterThan(0);
  expect(facts.get('temperature_millidegrees cpu-thermal')).toBeGreaterThan(30_000);
  expect(facts.get('clock_synchronised_flag')).toBe(1);
  expect(facts.has('filesystem_size_bytes /')).toBe(spec.card !== undefined);
  expect(facts.has('nfs_operations_count /')).toBe(spec.card === undefined);
});

test('two Pis of a site have nothing in common that names a board', () => {
  const specs = Array.from({ length: 48 }, (_, index) => makePiSpec(20_261, index));
  for (const of of [...[(each: (typeof specs)[number]) => each.serial], (each: (typeof specs)[number]) => each.mac]) {
    expect(new Set(specs.map(of)).size).toBe(48);
  }
});

test('the same seed gives the same Pis', () => {
  expect(makePiSpec(7, 3)).toEqual(makePiSpec(7, 3));
  expect(makePiSpec(8, 3)).not.toEqual(makePiSpec(7, 3));
});

test.for<[TroubleName, number, string, (value: number) => boolean]>([
  ['disk-full', 0, 'filesystem_available_bytes /', (bytes) => bytes < 0.1 * 61_000_000_000],
  ['memory-full', 0, 'memory_available_bytes', (bytes) => bytes < 0.1 * 3_884_336 * 1024],
  ['undervoltage', 0, 'power_undervoltage_flag', (flag) => flag === 1],
  ['undervoltage', 0, 'kernel_log_matches_count undervoltage', (count) => count === 1],
  ['hot', 0, 'power_throttled_flag', (flag) => flag === 1],
  ['slow-card', 0, 'kernel_log_matches_count card-timeout', (count) => count > 0],
  ['link-flapping', 0, 'network_carrier_changes_count eth0', (count) => count >= 7],
  ['link-lost', 0, 'network_operational_state eth0', (state) => state === 2],
  ['bad-cable', 0, 'network_receive_errors_count eth0', (count) => count >= 50],
  ['nfs-silent', 1, 'nfs_stalled_ms /', (ms) => ms >= 30_000],
])('%s shows in the facts while it lasts', async ([name, index, fact, isTrouble]) => {
  const { world, machine, report, begin } = setUp(index);
  const healthy = factsOf(await report()).get(fact);
  expect(isTrouble(Number(healthy ?? 0))).toBe(false);
  begin(name, 300_000);
  for (let step = 0; step < 24; step++) {
    await world.runFor(5_000);
    machine.tick();
    await report();
  }
  await world.runFor(60_000);
  expect(isTrouble(Number(factsOf(await report()).get(fact)))).toBe(true);
});

test('what begins ends by itself, and says so once', async () => {
  const { world, machine, begin } = setUp(0);
  begin('undervoltage', 60_000);
  const log = machine.kernelLog.open();
  for (let step = 0; step < 40; step++) {
    await world.runFor(2_000);
    machine.tick();
  }
  const lines = log.read(100).records.map(({ text }) => text);
  expect(lines).toEqual(['hwmon hwmon1: Undervoltage detected!', 'hwmon hwmon1: Voltage normalised']);
  begin('link-lost', 10_000);
  expect(machine.link.isUp).toBe(false);
  await world.runFor(11_000);
  machine.tick();
  expect(machine.link.isUp).toBe(true);
});
