import { expect, test } from 'vitest';
import { BrambleError } from '../../../proto/contract/errors.js';
import { makeSimHost } from '../testing/sim-host.js';
import { SimWorld } from '../testing/sim-world.js';
import { Led } from './led.js';

const RECORD = '/run/helper/led.json';
const never = new AbortController().signal;

/** A board whose LED's attributes behave as the kernel's: a trigger that takes over forgets the settings of the one before. */
function setUp(trigger = 'mmc0', led = 'ACT', offered = ['none', 'mmc0', 'timer', 'heartbeat', 'default-on']) {
  const world = new SimWorld(1);
  const host = makeSimHost(world, 'board');
  const attributes = new Map<string, string>([['brightness', '255']]);
  const writes: string[] = [];
  let now = trigger;
  if (trigger === 'timer') attributes.set('delay_on', '100').set('delay_off', '900');
  const readText = (path: string): string | undefined => {
    if (!path.startsWith(`/sys/class/leds/${led}/`)) return undefined;
    const name = path.slice(path.lastIndexOf('/') + 1);
    if (name === 'trigger') return `${offered.map((each) => (each === now ? `[${each}]` : each)).join(' ')}\n`;
    return attributes.get(name);
  };
  const write = (path: string, text: string): void => {
    const name = path.slice(path.lastIndexOf('/') + 1);
    writes.push(`${name}=${text}`);
    if (name !== 'trigger') {
      attributes.set(name, text);
      return;
    }
    now = text;
    attributes.set('brightness', '0');
    for (const delay of ['delay_on', 'delay_off']) {
      if (text === 'timer') attributes.set(delay, '500');
      else attributes.delete(delay);
    }
  };
  const makeLed = (pid: number): Led => {
    host.board.kernel.set(`/proc/${pid}/stat`, stat(pid));
    return new Led({
      sys: { readText, write },
      kernel: { readText: (path) => host.kernel.readText(path.replace('/self/', `/${pid}/`)) },
      files: host.files,
      clock: host.clock,
      recordPath: RECORD,
    });
  };
  const record = () => world.settle(host.files.readText(RECORD));
  const take = (by: string): void => write('/sys/class/leds/ACT/trigger', by);
  return { world, host, attributes, writes, makeLed, record, take, driver: () => now };
}

const stat = (pid: number): string =>
  `${pid} (node) (x)) S 1 ${Array.from({ length: 17 }, () => 0).join(' ')} ${pid * 7} 0\n`;

test('blinks for so long, then is driven by what drove it before', async () => {
  const { world, makeLed, driver, writes, record } = setUp();
  const blinking = makeLed(10).blink(30_000, never);
  await world.runFor(29_000);
  expect(driver()).toBe('timer');
  expect(await record()).toContain('"mmc0"');
  await world.settle(blinking);
  expect([driver(), writes]).toEqual(['mmc0', ['trigger=timer', 'trigger=mmc0']]);
  expect(await record()).toBeUndefined();
});

test.for<[string, Record<string, string>]>([
  ['none', { brightness: '255' }],
  ['timer', { delay_on: '100', delay_off: '900' }],
])('what had trigger %s gets its own settings back', async ([trigger, want]) => {
  const { world, makeLed, driver, attributes } = setUp(trigger);
  await world.settle(makeLed(10).blink(5_000, never));
  expect(driver()).toBe(trigger);
  expect(Object.fromEntries(attributes)).toMatchObject(want);
});

test('an older kernel’s name of the LED is known, and a kernel without the timer has its heart beat', async () => {
  const { world, makeLed, writes } = setUp('mmc0', 'led0', ['none', 'mmc0', 'heartbeat']);
  await world.settle(makeLed(10).blink(5_000, never));
  expect(writes).toEqual(['trigger=heartbeat', 'trigger=mmc0']);
});

test('a caller that goes away gets the LED back at once', async () => {
  const { world, makeLed, driver, record } = setUp();
  const stop = new AbortController();
  const blinking = makeLed(10).blink(300_000, stop.signal);
  await world.runFor(1_000);
  stop.abort();
  await expect(world.settle(blinking)).rejects.toMatchObject({ code: 'cancelled' });
  expect([driver(), await record()]).toEqual(['mmc0', undefined]);
});

test('after a kill the next process gives the LED back, whatever it came for', async () => {
  const { world, host, makeLed, driver, record } = setUp();
  void makeLed(10).blink(300_000, never);
  await world.runFor(1_000);
  await world.settle(makeLed(11).restoreLeft());
  expect(driver()).toBe('timer'); // the first one lives: this is its affair
  host.board.kernel.set('/proc/10/stat', stat(10).replace(' 70 ', ' 71 ')); // another process with the number of the killed one
  await world.settle(makeLed(11).restoreLeft());
  expect([driver(), await record()]).toEqual(['mmc0', undefined]);
});

test('what somebody else has made of the LED meanwhile stays', async () => {
  const { world, host, makeLed, driver, take } = setUp();
  void makeLed(10).blink(300_000, never);
  await world.runFor(1_000);
  host.board.kernel.delete('/proc/10/stat');
  take('default-on');
  await world.settle(makeLed(11).restoreLeft());
  expect(driver()).toBe('default-on');
});

test('two at a time are one too many', async () => {
  const { world, makeLed, driver } = setUp();
  const first = makeLed(10).blink(10_000, never);
  await world.runFor(1_000);
  await expect(world.settle(makeLed(11).blink(10_000, never))).rejects.toMatchObject({ code: 'failed-precondition' });
  expect(driver()).toBe('timer');
  await world.settle(first);
  expect(driver()).toBe('mmc0');
});

test('a board without an LED, or with one that cannot blink, is refused', async () => {
  const none = setUp('mmc0', 'PWR');
  await expect(none.world.settle(none.makeLed(10).blink(5_000, never))).rejects.toMatchObject({ code: 'unsupported' });
  const plain = setUp('mmc0', 'ACT', ['none', 'mmc0']);
  await expect(plain.world.settle(plain.makeLed(10).blink(5_000, never))).rejects.toMatchObject({
    code: 'unsupported',
  });
  expect(plain.writes).toEqual([]);
});

test('a record that no process of ours wrote is as good as none', async () => {
  const { world, host, makeLed, driver, writes } = setUp();
  const owner = { pid: 99, startedTicks: 1 };
  const record = { led: 'ACT', former: 'mmc0', blinking: 'timer', settings: {}, owner };
  for (const text of [
    '',
    '{',
    'null',
    JSON.stringify({ ...record, led: '../../../etc' }),
    JSON.stringify({ ...record, led: 'sda' }),
    JSON.stringify({ ...record, former: 'a b' }),
    JSON.stringify({ ...record, settings: { 'x/../y': '1' } }),
    JSON.stringify({ ...record, settings: { brightness: '1; reboot' } }),
  ]) {
    await world.settle(host.files.writeAtomic(RECORD, text));
    await world.settle(makeLed(10).restoreLeft());
  }
  expect(writes).toEqual([]);
  await world.settle(makeLed(10).blink(5_000, never));
  expect(driver()).toBe('mmc0');
});

test('an LED that cannot be given back is remembered, and tried again', async () => {
  const { world, host, makeLed, record } = setUp();
  const broken = new Led({
    sys: {
      readText: (path) => (path.endsWith('trigger') ? 'none [mmc0] timer\n' : undefined),
      write: () => {
        throw new BrambleError('permission-denied', 'not here');
      },
    },
    kernel: { readText: () => stat(10) },
    files: host.files,
    clock: host.clock,
    recordPath: RECORD,
  });
  await expect(world.settle(broken.blink(5_000, never))).rejects.toMatchObject({ code: 'permission-denied' });
  expect(await record()).toBeUndefined(); // it never blinked
  await world.settle(makeLed(11).blink(5_000, never));
});
