import { expect, test } from 'vitest';
import { Lifetime } from '../../testing/lifetime.js';
import { exited, makeSimExec, type SimProgram } from '../../testing/sim-exec.js';
import { SimWorld } from '../../testing/sim-world.js';
import type { Services } from '../ports.js';
import { makeNodeExec } from './exec.js';
import { makeNodeRandom } from './random.js';
import { makeChildServices } from './services-child.js';
import { makeSystemdServices } from './services-systemd.js';

const { signal } = new AbortController();

function systemdWith(systemctl: SimProgram): { services: Services; calls: string[][] } {
  const calls: string[][] = [];
  const programs = new Map<string, SimProgram>([
    [
      'systemctl',
      (argv, limits) => {
        calls.push(argv.slice(1));
        return systemctl(argv, limits);
      },
    ],
  ]);
  return { services: makeSystemdServices(makeSimExec(new SimWorld(1), programs, new Lifetime())), calls };
}

const SHOWN = 'LoadState=loaded\nActiveState=active\nInvocationID=a3f1c2d4e5b60718293a4b5c6d7e8f90\n';

test('systemd: the state of a unit is what systemctl shows', async () => {
  const { services, calls } = systemdWith(() => exited(0, SHOWN));
  const state = await services.state('ssh.service', signal);
  expect(state).toEqual({ active: 'active', invocationId: 'a3f1c2d4e5b60718293a4b5c6d7e8f90' });
  expect(calls).toEqual([['show', '--property=LoadState,ActiveState,InvocationID', '--', 'ssh.service']]);
});

test('systemd: a unit that never ran has no invocation; one that is not installed is not-found', async () => {
  const never = systemdWith(() => exited(0, 'LoadState=loaded\nActiveState=inactive\nInvocationID=\n'));
  expect(await never.services.state('a.service', signal)).toEqual({ active: 'inactive', invocationId: '' });
  const absent = systemdWith(() => exited(0, 'LoadState=not-found\nActiveState=inactive\nInvocationID=\n'));
  await expect(absent.services.state('a.service', signal)).rejects.toMatchObject({ code: 'not-found' });
  await expect(absent.services.restart('a.service', signal)).rejects.toMatchObject({ code: 'not-found' });
});

test('systemd: restart and reboot are one call each, and a name can be neither option nor pattern', async () => {
  const { services, calls } = systemdWith(() => exited(0, SHOWN));
  await services.restart('ssh.service', signal);
  await services.reboot(signal);
  expect(calls.slice(1)).toEqual([['restart', '--', 'ssh.service'], ['reboot']]);
  for (const name of [
    '--force',
    '-H host.service',
    '*.service',
    'a?.service',
    'ssh',
    'a b.service',
    '',
    'a.service\n',
  ]) {
    await expect(services.restart(name, signal), name).rejects.toMatchObject({ code: 'invalid-argument' });
  }
  expect(calls).toHaveLength(3);
});

test.for([
  ["System has not been booted with systemd as init system (PID 1). Can't operate.", 'unsupported'],
  ['Failed to connect to bus: No such file or directory', 'unsupported'],
  ['Failed to restart a.service: Unit a.service not found.', 'not-found'],
  ['Failed to restart a.service: Access denied', 'permission-denied'],
  ['Failed to restart a.service: Interactive authentication required.', 'permission-denied'],
  ['Job for a.service failed because the control process exited with error code.', 'failed-precondition'],
])('systemd: %j is %s', async ([stderr, code]) => {
  const { services } = systemdWith(([, verb]) => (verb === 'show' ? exited(0, SHOWN) : exited(1, '', `${stderr}\n`)));
  await expect(services.restart('a.service', signal)).rejects.toMatchObject({ code });
});

test('systemd: no systemctl at all is unsupported', async () => {
  const services = makeSystemdServices(makeSimExec(new SimWorld(1), new Map(), new Lifetime()));
  await expect(services.state('a.service', signal)).rejects.toMatchObject({ code: 'unsupported' });
});

test('systemd: asked for real, this machine answers with a state or one of the named errors', async () => {
  const asked = makeSystemdServices(makeNodeExec()).state('surely-not-there.service', signal);
  await expect(asked).rejects.toMatchObject({ code: expect.stringMatching(/^(unsupported|not-found)$/) });
});

test('child: a unit that ends by itself is inactive or failed, and can be started again', async () => {
  const units = { 'good.service': ['true'], 'bad.service': ['false'], 'absent.service': ['/no/such/program'] } as const;
  const services = makeChildServices({ units, random: makeNodeRandom() });
  expect(await services.state('good.service', signal)).toEqual({ active: 'inactive', invocationId: '' });
  services.start();
  await expect.poll(async () => (await services.state('good.service', signal)).active).toBe('inactive');
  await expect.poll(async () => (await services.state('bad.service', signal)).active).toBe('failed');
  await expect.poll(async () => (await services.state('absent.service', signal)).active).toBe('failed');
  const { invocationId } = await services.state('good.service', signal);
  await services.restart('good.service', signal);
  expect((await services.state('good.service', signal)).invocationId).not.toBe(invocationId);
  await services.close();
});

test('child: close ends every unit, and a reboot is what the owner says it is', async () => {
  const reboots: number[] = [];
  const services = makeChildServices({
    units: { 'a.service': ['sleep', '600'] },
    random: makeNodeRandom(),
    reboot: () => reboots.push(1),
  });
  services.start();
  await services.reboot(signal);
  expect(reboots).toEqual([1]);
  await services.close();
  expect((await services.state('a.service', signal)).active).toBe('inactive');
  const fixed = makeChildServices({ units: {}, random: makeNodeRandom() });
  await expect(fixed.reboot(signal)).rejects.toMatchObject({ code: 'unsupported' });
});
