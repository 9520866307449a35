import { expect, test } from 'vitest';
import { parseSwitchPlan } from '../../proto/contract/switch/parse-plan.js';
import { renderInterfaces } from '../../proto/contract/switch/render-interfaces.js';
import { DEAD, SimSwitch } from '../testing/sim-switch.js';
import { apply, confirm, rollBack, stage } from './change.js';
import { parseSwitchPolicy } from './policy.js';
import { keep } from './settle.js';
import { readTrial } from './trial.js';

const never = new AbortController().signal;
const POLICY = parseSwitchPolicy('{"management": "eth0", "protectedPorts": ["swp4"]}', 'policy');
const planOf = (vlan: number, rest: Readonly<Record<string, unknown>> = {}) =>
  parseSwitchPlan({
    style: 'vlan-aware',
    management: { name: 'eth0', address: 'dhcp' },
    storageVlans: '10-20',
    ports: {
      swp1: { role: 'pi', storageVlan: vlan },
      swp3: { role: 'fileserver', vlans: vlan },
      swp4: { role: 'uplink', vlans: 131 },
    },
    ...rest,
  });
const OLD = renderInterfaces(planOf(10));
const NEW = renderInterfaces(planOf(11));
const ORDER = { changeId: 'c-1', plan: planOf(11), confirmWithinMs: 60_000 };

function setUp() {
  const sim = new SimSwitch();
  sim.files.set(sim.paths.interfaces, OLD);
  sim.loaded = OLD;
  const told: string[] = [];
  const duty = { kind: 'everything' } as const;
  const tell = (words: string) => void told.push(words);
  const keeper = (host = sim.process()) => keep(host, { duty, tell, readPolicy: async () => POLICY }, never);
  return { sim, told, keeper, state: () => [sim.files.get(sim.paths.interfaces), sim.loaded] };
}

test('a change is loaded, waits, and stays once it is confirmed', async () => {
  const { sim, keeper, state } = setUp();
  const diff = await apply(sim.process(), ORDER, POLICY, never);
  expect(diff).toContain('-    bridge-access 10');
  expect(await readTrial(sim.process())).toMatchObject({ phase: 'on-trial', changeId: 'c-1' });
  await confirm(sim.process(), 'c-1');
  await keeper();
  expect(state()).toEqual([NEW, NEW]);
});

test('T-35 a change that nobody confirms is taken back within its time, and verified', async () => {
  const { sim, told, keeper, state } = setUp();
  const startedMs = sim.nowMs;
  await apply(sim.process(), ORDER, POLICY, never);
  await keeper();
  expect(state()).toEqual([OLD, OLD]);
  expect(sim.nowMs - startedMs).toBeLessThanOrEqual(61_000);
  expect(told).toEqual(['change c-1: the old file is back and verified']);
  await expect(confirm(sim.process(), 'c-1')).rejects.toMatchObject({ code: 'failed-precondition' });
});

test('what is asked to be taken back is taken back at once; another change is not', async () => {
  const { sim, state } = setUp();
  await apply(sim.process(), ORDER, POLICY, never);
  await expect(rollBack(sim.process(), 'c-2', never)).rejects.toThrow('not on trial');
  await expect(apply(sim.process(), { ...ORDER, changeId: 'c-2' }, POLICY, never)).rejects.toThrow(
    'is open (on-trial)',
  );
  await rollBack(sim.process(), 'c-1', never);
  expect(state()).toEqual([OLD, OLD]);
});

test.for<[string, (argv: readonly string[]) => boolean]>([
  ['the check of the staged file', ([name]) => name === 'ifup'],
  ['the reload', ([name]) => name === 'ifreload'],
])('T-35 when %s fails, the old file is what counts', async ([, isFailing]) => {
  const { sim, state } = setUp();
  let failures = 1;
  sim.onProgram = (argv) =>
    isFailing(argv) && failures-- > 0 ? { status: 1, stdout: '', stderr: 'error: swp1: no such device\n' } : undefined;
  await expect(apply(sim.process(), ORDER, POLICY, never)).rejects.toThrow('no such device');
  expect(state()).toEqual([OLD, OLD]);
  expect(await readTrial(sim.process())).toBeUndefined();
});

test('a kernel that has something else than the file takes the change back', async () => {
  const { sim, state } = setUp();
  let reloads = 0;
  sim.onProgram = ([name]) => {
    if (name !== 'ifreload') return undefined;
    reloads += 1;
    return reloads === 1 ? { status: 0, stdout: '', stderr: '' } : undefined; // says so, and does nothing
  };
  await expect(apply(sim.process(), ORDER, POLICY, never)).rejects.toThrow('the kernel has something else');
  expect(state()).toEqual([OLD, OLD]);
});

test('a rollback that cannot be verified freezes the switch and says so, until it is tried again with success', async () => {
  const { sim, told, keeper, state } = setUp();
  await apply(sim.process(), ORDER, POLICY, never);
  sim.onProgram = ([name]) => (name === 'ifreload' ? { status: 1, stdout: '', stderr: 'error: netlink\n' } : undefined);
  await keeper();
  expect(told.join()).toContain('frozen');
  expect(await readTrial(sim.process())).toMatchObject({ phase: 'frozen', why: expect.stringContaining('netlink') });
  await expect(apply(sim.process(), { ...ORDER, changeId: 'c-2' }, POLICY, never)).rejects.toThrow('(frozen)');
  sim.onProgram = () => undefined;
  expect(await rollBack(sim.process(), 'c-1', never)).toContain('verified');
  expect(state()).toEqual([OLD, OLD]);
});

test('without a keeper nothing is changed', async () => {
  const { sim, state } = setUp();
  sim.keeperFails = true;
  await expect(apply(sim.process(), ORDER, POLICY, never)).rejects.toThrow('it was not made');
  expect(state()).toEqual([OLD, OLD]);
  expect(await readTrial(sim.process())).toBeUndefined();
});

test('T-35 whatever step kills the one who applies, and whatever step kills the first keeper, the old file is back', async () => {
  const whole = setUp();
  await apply(whole.sim.process(), ORDER, POLICY, never);
  const steps = whole.sim.touches;
  await whole.keeper();
  const keeperSteps = 24;
  expect(steps).toBeGreaterThan(8);
  for (let dieAt = 1; dieAt <= steps; dieAt++) {
    for (const after of [false, true]) {
      for (let keeperDiesAt = 1; keeperDiesAt <= keeperSteps; keeperDiesAt += 1) {
        const { sim, keeper, state } = setUp();
        await expect(apply(sim.process({ dieAt, after }), ORDER, POLICY, never)).rejects.toThrow();
        sim.nowMs += 60_000;
        await keeper(sim.process({ dieAt: keeperDiesAt, after: keeperDiesAt % 2 === 0 })).catch((error: unknown) => {
          expect(error).toBe(DEAD);
        });
        await keeper();
        expect(state(), `${dieAt} ${after} ${keeperDiesAt}`).toEqual([OLD, OLD]);
        expect(await readTrial(sim.process())).toBeUndefined();
      }
    }
  }
});

test('a switch that loses power in the middle of a trial comes up with the old file', async () => {
  const { sim, keeper, state } = setUp();
  await apply(sim.process(), ORDER, POLICY, never);
  sim.bootId = 'boot-2';
  sim.nowMs = 500;
  await keeper();
  expect(state()).toEqual([OLD, OLD]);
});

test.for<[string, Readonly<Record<string, unknown>>, string]>([
  ['cuts a protected port off', { ports: { swp4: { role: 'unused' } } }, 'protected'],
  [
    'gives a protected port to a Pi',
    { ports: { swp3: { role: 'fileserver', vlans: 10 }, swp4: { role: 'pi', storageVlan: 10 } } },
    'protected',
  ],
  ['takes the protected port out of every VLAN', { ports: { swp4: { role: 'uplink' } } }, 'protected'],
  ['moves the way to the controller', { management: { name: 'eth1', address: 'dhcp' } }, 'leads to the controller'],
  ['changes its address', { management: { name: 'eth0', address: '192.0.2.9/24' } }, 'the way to the controller'],
])('T-27 a plan that %s is refused before anything is written, whoever signed it', async ([, rest, words]) => {
  const { sim, state } = setUp();
  await expect(stage(sim.process(), planOf(10, rest), POLICY, never)).rejects.toThrow(words);
  expect(state()).toEqual([OLD, OLD]);
  expect(sim.ran).toEqual([]); // not even ifupdown2 has seen it
});
