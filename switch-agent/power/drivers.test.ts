import { expect, test } from 'vitest';
import { exited } from '../../agent/kit/testing/sim-exec.js';
import { makeSimHost } from '../../agent/kit/testing/sim-host.js';
import { SimWorld } from '../../agent/kit/testing/sim-world.js';
import { parseSwitchPolicy } from '../actuator/policy.js';
import { chooseDriver } from './choose.js';
import type { PowerDriver } from './driver.js';
import { parsePse } from './ethtool-pse.js';

const never = new AbortController().signal;
const COMMAND = { on: ['/opt/pdu', '{port}', 'on'], off: ['/opt/pdu', '{port}', 'off'], state: ['/opt/pdu', '{port}'] };

/** A switch whose port swp1 can be switched by every program that there is. */
function setUp() {
  const world = new SimWorld(1);
  const host = makeSimHost(world, 'switch');
  const { programs, kernel } = host.board;
  let isOn = true;
  const setPower = (value: boolean) => {
    isOn = value;
    kernel.set('/sys/class/net/swp1/flags', value ? '0x1003\n' : '0x1002\n');
    return exited(0);
  };
  setPower(true);
  const noPort = exited(1, '', 'no such port');
  programs.set('ip', (argv) => (argv[4] === 'swp1' ? setPower(argv[5] === 'up') : noPort));
  programs.set('/opt/pdu', ([, port, word]) => {
    if (port !== 'swp1') return noPort;
    return word === undefined ? exited(0, isOn ? 'on\n' : 'off\n') : setPower(word === 'on');
  });
  programs.set('ethtool', (argv) => {
    if (!argv.includes('swp1')) return noPort;
    if (argv[1] === '--set-pse') return setPower(argv.at(-1) === 'enable');
    const state = isOn ? 'enabled' : 'disabled';
    return exited(0, JSON.stringify([{ ifname: 'swp1', 'clause-33-pse-admin-state': state }]));
  });
  programs.set('poectl', ([, word, port]) => {
    if (port !== undefined && port !== 'swp1') return noPort;
    if (word === '-e' || word === '-d') return setPower(word === '-e');
    const status = isOn ? 'connected' : 'disabled';
    return exited(
      0,
      `swp1    ${status}              15.4 W        low       IEEE802.3at       4          53.5 V     25 mA     3.9 W\n`,
    );
  });
  const choose = (driver: string) => {
    const policy = parseSwitchPolicy(JSON.stringify({ power: { driver, command: COMMAND } }), 'policy');
    return world.settle(chooseDriver({ exec: host.exec, kernel: host.kernel }, policy.power, 'swp1', never));
  };
  return { world, programs, choose };
}

test.for(['link', 'command', 'ethtool-pse', 'poectl'] as const)(
  'the driver %s switches off and on, says what is, and knows no port that is not there',
  async (name) => {
    const { world, choose } = setUp();
    const driver: PowerDriver = await choose(name);
    expect(driver.name).toBe(name);
    const state = () => world.settle(driver.state('swp1', never));
    expect(await state()).toBe('on');
    for (const isOn of [false, false, true, true]) {
      await world.settle(driver.set('swp1', isOn, never));
      expect(await state()).toBe(isOn ? 'on' : 'off');
    }
    await expect(world.settle(driver.set('swp9', true, never))).rejects.toMatchObject({ code: 'failed-precondition' });
    await expect(world.settle(driver.state('swp9', never))).rejects.toThrow();
  },
);

test('only what was run on hardware says so', async () => {
  const { choose } = setUp();
  for (const name of ['ethtool-pse', 'poectl']) expect((await choose(name)).provenOn).toBe('');
});

test('the probe takes the first that answers for the port, and never the link', async () => {
  const { programs, choose } = setUp();
  expect((await choose('probe')).name).toBe('ethtool-pse');
  programs.set('ethtool', () => exited(1, '', 'netlink error: Operation not supported'));
  expect((await choose('probe')).name).toBe('poectl');
  programs.delete('poectl');
  await expect(choose('probe')).rejects.toMatchObject({ code: 'unsupported' });
  await expect(choose('none')).rejects.toMatchObject({ code: 'unsupported' });
});

test('ethtool tells the class and the power where the kernel does', () => {
  const answer = {
    'clause-33-pse-admin-state': 'enabled',
    'clause-33-pse-power-detection-status': 'delivering power',
    'clause-33-pse-power-class': 4,
    'clause-33-pse-actual-power': 3900,
    'clause-33-pse-available-power-limit': 30000,
  };
  expect(parsePse(JSON.stringify([answer]))).toEqual({
    admin: 'on',
    status: 'delivering power',
    powerClass: 4,
    actualMilliwatts: 3900,
    limitMilliwatts: 30000,
  });
  expect(parsePse('[{}]')).toMatchObject({ admin: 'unknown', status: '' });
  expect(() => parsePse('PSE attributes for swp1')).toThrow(expect.objectContaining({ code: 'data-loss' }));
});

test.for<[string, string]>([
  ['no JSON', 'driver: link'],
  ['an unknown driver', '{"power":{"driver":"magic"}}'],
  [
    'a program without its path',
    '{"power":{"driver":"command","command":{"on":["pdu"],"off":["pdu"],"state":["pdu"]}}}',
  ],
  ['no programs', '{"power":{"driver":"command"}}'],
  ['half a cut', '{"power":{"driver":"link","cutsPerHour":0.5}}'],
])('a policy with %s is refused', ([, text]) => {
  expect(() => parseSwitchPolicy(text, 'policy')).toThrow(expect.objectContaining({ code: 'failed-precondition' }));
});
