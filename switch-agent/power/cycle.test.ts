import { expect, test } from 'vitest';
import { classMilliwatts } from '../../proto/contract/switch/power.js';
import { parseSwitchPolicy } from '../actuator/policy.js';
import { keep } from '../actuator/settle.js';
import { SimSwitch } from '../testing/sim-switch.js';
import { whyOverBudget } from './budget.js';
import { type PowerOrder, switchPower } from './cycle.js';

const never = new AbortController().signal;
const policyOf = (power: Readonly<Record<string, unknown>> = {}) =>
  parseSwitchPolicy(
    JSON.stringify({ protectedPorts: ['swp4'], powerPorts: ['swp1', 'swp2'], power: { driver: 'link', ...power } }),
    'policy',
  );
const POLICY = policyOf();
const order = (change: Partial<PowerOrder> = {}): PowerOrder => ({
  port: 'swp1',
  action: 'cycle',
  offMs: 15_000,
  bootLeaseId: '',
  ...change,
});

function setUp() {
  const sim = new SimSwitch();
  for (const port of ['swp1', 'swp2', 'swp4']) sim.power.set(port, 'on');
  const told: string[] = [];
  const duty = { kind: 'everything' } as const;
  const tell = (words: string) => void told.push(words);
  const keeper = (host = sim.process()) => keep(host, { duty, tell, readPolicy: async () => POLICY }, never);
  return { sim, told, keeper };
}

test('a cycle is off for its time, seen to be off and on, and leaves nothing behind', async () => {
  const { sim, keeper } = setUp();
  const startedMs = sim.nowMs;
  expect(await switchPower(sim.process(), order(), POLICY, never)).toContain('gives power again');
  expect(sim.nowMs - startedMs).toBeGreaterThanOrEqual(15_000);
  expect(sim.ran).toEqual(['ip link set dev swp1 down', 'ip link set dev swp1 up']);
  await keeper();
  expect(sim.power.get('swp1')).toBe('on');
});

test('whatever step kills a cycle, and whatever step kills the first keeper, the port is on within half a minute', async () => {
  const whole = setUp();
  await switchPower(whole.sim.process(), order(), POLICY, never);
  const steps = whole.sim.touches;
  expect(steps).toBeGreaterThanOrEqual(8);
  for (let dieAt = 1; dieAt <= steps; dieAt++) {
    for (const after of [false, true]) {
      for (let keeperDiesAt = 1; keeperDiesAt <= 12; keeperDiesAt++) {
        const { sim, keeper } = setUp();
        await switchPower(sim.process({ dieAt, after }), order(), POLICY, never).catch(() => undefined); // it died
        await keeper(sim.process({ dieAt: keeperDiesAt, after: keeperDiesAt % 2 === 0 })).catch(() => undefined); // it too
        const startedMs = sim.nowMs;
        await keeper();
        const where = `${dieAt} ${after} ${keeperDiesAt}`;
        expect(sim.power.get('swp1'), where).toBe('on');
        expect(sim.nowMs - startedMs, where).toBeLessThanOrEqual(30_000);
      }
    }
  }
});

test('a switch that starts anew in the middle of a cycle brings the port on', async () => {
  const { sim, keeper, told } = setUp();
  for (let dieAt = 1; sim.power.get('swp1') === 'on'; dieAt++) {
    await switchPower(sim.process({ dieAt, after: true }), order(), POLICY, never).catch(() => undefined); // it died
    if (dieAt > 30) expect.unreachable();
    if (sim.power.get('swp1') === 'on') for (const name of [...sim.files.keys()]) sim.files.delete(name);
  }
  sim.bootId = 'boot-2';
  sim.nowMs = 100;
  await keeper();
  expect([sim.power.get('swp1'), told]).toEqual(['on', ['swp1 was left without power and gives it again']]);
});

test('a port that cannot be seen to go off is told to come on, and the cycle has failed', async () => {
  const { sim } = setUp();
  sim.onProgram = (argv) => (argv.at(-1) === 'down' ? { status: 0, stdout: '', stderr: '' } : undefined);
  await expect(switchPower(sim.process(), order(), POLICY, never)).rejects.toThrow('told to go off and is on');
  expect(sim.ran.at(-1)).toBe('ip link set dev swp1 up');
});

test.for<[string, Partial<PowerOrder>, string]>([
  ['a protected port', { port: 'swp4' }, 'permission-denied'],
  ['a port that is not on the list', { port: 'swp3' }, 'permission-denied'],
  ['too short a time without power', { offMs: 14_999 }, 'invalid-argument'],
  ['too long a time without power', { offMs: 120_001 }, 'invalid-argument'],
  ['a name that is an option', { port: '-a' }, 'invalid-argument'],
  ['a name with a path', { port: '../eth0' }, 'invalid-argument'],
])('T-27 %s is refused and nothing is cut', async ([, change, code]) => {
  const { sim } = setUp();
  await expect(switchPower(sim.process(), order(change), POLICY, never)).rejects.toMatchObject({ code });
  expect(sim.ran).toEqual([]);
});

test('T-27 a controller gone wild cuts power no more often than root allows, whatever it signs', async () => {
  const { sim } = setUp();
  const policy = policyOf({ cutsPerHour: 3 });
  for (let cut = 0; cut < 3; cut++) await switchPower(sim.process(), order(), policy, never);
  const more = () => switchPower(sim.process(), order(), policy, never);
  await expect(more()).rejects.toThrow('3 times within the hour');
  await expect(switchPower(sim.process(), order({ action: 'off' }), policy, never)).rejects.toThrow('within the hour');
  sim.nowMs += 3_600_000;
  expect(await more()).toContain('gives power again');
});

test('a board that must wait for its turn comes on with a lease only', async () => {
  const { sim } = setUp();
  const policy = policyOf({ needsBootLease: true });
  await expect(switchPower(sim.process(), order(), policy, never)).rejects.toThrow('boot lease');
  expect(await switchPower(sim.process(), order({ bootLeaseId: 'l-1' }), policy, never)).toContain('again');
});

test('a port that was turned off stays off, and no keeper brings it back', async () => {
  const { sim, keeper } = setUp();
  await switchPower(sim.process(), order({ action: 'off' }), POLICY, never);
  await keeper();
  expect(sim.power.get('swp1')).toBe('off');
  await switchPower(sim.process(), order({ action: 'on' }), POLICY, never);
  expect(sim.power.get('swp1')).toBe('on');
});

test('the budget counts what is allocated, and what is left when the largest supply fails', () => {
  const allocated = new Map([
    ['swp1', 30_000],
    ['swp2', 15_400],
  ]);
  expect(whyOverBudget([60_000, 60_000], allocated, 'swp3')).toContain('75 W would be allocated; 60 W remain');
  expect(whyOverBudget([60_000, 60_000], allocated, 'swp2')).toBeUndefined();
  expect(whyOverBudget([80_000], allocated, 'swp3')).toBeUndefined();
  expect(whyOverBudget([], allocated, 'swp3')).toBeUndefined();
  expect(whyOverBudget([1], undefined, 'swp3')).toBeUndefined();
  expect([classMilliwatts(4), classMilliwatts(0), classMilliwatts(undefined)]).toEqual([30_000, 15_400, 30_000]);
});
