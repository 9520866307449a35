import { expect, test } from 'vitest';
import { BrambleError } from '../../proto/contract/errors.js';
import { CommandState } from '../../proto/gen/bramble/agent/v1/command.js';
import { SimSite } from './testing/sim-site.js';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

const { ACCEPTED, STARTED, SUCCEEDED } = CommandState;

test('a credential is renewed when it says so, with a new key, and shown at once', async () => {
  const site = new SimSite();
  site.controller.renewAfterMs = 60 * MINUTE_MS;
  site.start();
  await site.pass(59 * MINUTE_MS);
  expect(site.controller.renewals).toHaveLength(0);
  await site.pass(2 * MINUTE_MS);
  expect(site.controller.renewals).toHaveLength(1);
  expect(site.controller.peers.at(-1)?.certificateChainPem).toBe('certificate 2');
  site.restart('power');
  await site.pass(60 * MINUTE_MS);
  expect(site.controller.renewals.map(({ renewalCounter }) => renewalCounter)).toEqual([1, 2]);
  const [first, second] = site.controller.renewals;
  expect(first?.spkiDer).not.toEqual(second?.spkiDer);
}, 60_000);

test('a renewal whose answer was lost is asked again with the same key', async () => {
  const site = new SimSite();
  site.controller.renewAfterMs = 60 * MINUTE_MS;
  site.start();
  await site.pass(59 * MINUTE_MS);
  const honest = site.controller.renew.bind(site.controller);
  let lost = 0;
  site.controller.renew = async (peer, request) => {
    const answer = await honest(peer, request);
    lost += 1;
    if (lost <= 2) throw new BrambleError('unavailable', 'the answer was lost');
    return answer;
  };
  await site.pass(60 * MINUTE_MS);
  const keys = site.controller.renewals.map(({ spkiDer }) => spkiDer.toString('hex'));
  expect([keys.length, new Set(keys).size]).toEqual([3, 1]);
  expect(site.controller.peers.at(-1)?.certificateChainPem).toBe('certificate 2');
});

test('a board that starts in 1970 connects, keeps order and deadlines, and tells when its clock is set', async () => {
  const site = new SimSite(1, { clock: { wallClockMs: 5_000 } });
  site.start();
  await site.pass(MINUTE_MS);
  const { controller } = site;
  expect(controller.hellos).toMatchObject([{ clockUntrusted: true }]);
  expect(controller.facts.get('clock_untrusted_flag')).toBe(1);
  controller.command(site.restartUnit(1));
  await site.pass(5_000);
  site.host.board.clock.setWall(controller.nowMs);
  await site.pass(MINUTE_MS);
  expect(controller.facts.get('clock_untrusted_flag')).toBe(0);
  controller.command(site.restartUnit(2));
  controller.command(site.restartUnit(3, { issuedAtUnixMs: controller.nowMs - DAY_MS }));
  await site.pass(5_000);
  expect([site.storyOf(1), site.storyOf(2)]).toEqual([
    [ACCEPTED, STARTED, SUCCEEDED],
    [ACCEPTED, STARTED, SUCCEEDED],
  ]);
  expect(site.storyOf(3)).toEqual([CommandState.REJECTED]);
  expect(controller.eventsOf('clockStepped')).toHaveLength(1);
  const sequences = controller.events.map(({ sequence }) => sequence);
  expect(sequences).toEqual([...sequences].sort((a, b) => a - b));
});

test.for([20 * 365 * DAY_MS, -20 * 365 * DAY_MS])(
  'a jump of the wall clock by years (%d ms) changes nothing but what is shown',
  async (byMs) => {
    const site = new SimSite();
    site.start();
    await site.pass(10 * MINUTE_MS);
    const before = site.controller.reportsCount;
    site.host.board.clock.jump(byMs);
    await site.pass(10 * MINUTE_MS);
    expect(site.controller.hellos).toHaveLength(1);
    expect(site.controller.reportsCount - before).toBeGreaterThanOrEqual(19);
    const [stepped] = site.controller.eventsOf('clockStepped');
    expect(Math.abs((stepped?.stepMs ?? 0) - byMs)).toBeLessThan(10);
    site.controller.command(site.restartUnit(1));
    await site.pass(5_000);
    expect(site.storyOf(1)).toEqual([ACCEPTED, STARTED, SUCCEEDED]);
  },
);

test('a full disk stops commands, not reports; the facts say so, and it heals', async () => {
  const site = new SimSite();
  site.start();
  await site.pass(MINUTE_MS);
  const { disk } = site.host.board;
  disk.fault = ({ kind }) => (kind === 'read' ? undefined : 'ENOSPC');
  site.controller.command(site.restartUnit(1));
  await site.pass(MINUTE_MS);
  expect(site.storyOf(1)).toEqual([CommandState.REJECTED]);
  expect(site.controller.facts.get('agent_storage_failed_flag')).toBe(1);
  disk.fault = () => undefined;
  site.controller.command(site.restartUnit(2));
  await site.pass(2 * MINUTE_MS);
  expect(site.storyOf(2)).toEqual([ACCEPTED, STARTED, SUCCEEDED]);
  expect(site.controller.facts.get('agent_storage_failed_flag')).toBe(0);
});

test('an idle day writes less than a megabyte', async () => {
  const site = new SimSite();
  site.start();
  await site.pass(60 * MINUTE_MS);
  const before = site.host.board.disk.writtenBytes;
  await site.pass(DAY_MS);
  expect(site.host.board.disk.writtenBytes - before).toBeLessThan(10_000);
}, 60_000);

test('one seed gives one story, to the bit', async () => {
  const play = async (): Promise<string> => {
    const site = new SimSite(42);
    site.start();
    await site.pass(5 * MINUTE_MS);
    site.path.cut();
    await site.pass(5 * MINUTE_MS);
    site.path.heal();
    site.restart('power');
    await site.pass(5 * MINUTE_MS);
    return site.world.traceHash;
  };
  expect(await play()).toBe(await play());
});
