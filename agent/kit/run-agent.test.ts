import { expect, test } from 'vitest';
import { BrambleError } from '../../proto/contract/errors.js';
import { type Command, CommandState } from '../../proto/gen/bramble/agent/v1/command.js';
import { PreviousExit } from '../../proto/gen/bramble/agent/v1/event.js';
import { GoodbyeReason } from '../../proto/gen/bramble/agent/v1/link.js';
import { noData } from './collect/collector.js';
import { SIM_TOKEN } from './testing/sim-controller.js';
import { SimSite } from './testing/sim-site.js';

const MINUTE_MS = 60_000;

const { ACCEPTED, STARTED, SUCCEEDED, FAILED, UNKNOWN } = CommandState;

test('a new node enrols, connects, says who it is and reports', async () => {
  const site = new SimSite();
  site.start();
  await site.pass(MINUTE_MS);
  const { controller } = site;
  expect(controller.enrolledWith?.step).toMatchObject({
    $case: 'proof',
    value: { token: SIM_TOKEN, hostname: 'pi-07', kind: 1, agentVersion: '1.2.3', nonce: Buffer.from('nonce') },
  });
  expect(controller.hellos).toMatchObject([
    {
      kind: 1,
      agentVersion: '1.2.3',
      supportedActions: ['restart_unit', 'reboot', 'cancel_command'],
      desiredRevisionReached: 0,
      clockUntrusted: false,
      ledgerHead: { entriesCount: 0 },
    },
  ]);
  expect(controller.eventsOf('bootObserved')).toEqual([{ previousBootId: '' }]);
  expect(controller.eventsOf('agentStarted')).toEqual([
    { agentVersion: '1.2.3', previousExit: PreviousExit.FIRST_START },
  ]);
  expect(controller.facts.get('clock_controller_offset_ms')).toBeLessThan(100);
  expect(controller.facts.get('hostname_text')).toBe('pi-07');
  expect(controller.facts.get('collector_state cpu')).toBeGreaterThan(0);
  expect([controller.fullReportsCount, controller.reportsCount]).toEqual([1, 2]);
  expect([site.readyCount, site.progressCount > 5]).toEqual([1, true]);
});

test('what a collector watches is watched once per agent, whatever becomes of its connection, and ends with it', async () => {
  const site = new SimSite();
  const told: string[] = [];
  site.change = {
    collectors: () => [
      {
        name: 'followed',
        intervalMs: 0,
        timeoutMs: 1_000,
        collect: () => noData('it only follows'),
        watch: async ({ clock }, signal) => {
          told.push('begun');
          await clock.sleep(Number.MAX_SAFE_INTEGER, signal).catch(() => told.push('ended'));
        },
      },
    ],
  };
  site.start();
  await site.pass(MINUTE_MS);
  site.path.cut();
  await site.pass(5 * MINUTE_MS);
  site.path.heal();
  await site.pass(5 * MINUTE_MS);
  expect(told).toEqual(['begun']);
  await site.stop();
  expect(told).toEqual(['begun', 'ended']);
});

test('a node that needs approval shows its words and waits', async () => {
  const site = new SimSite();
  site.controller.pendings = 3;
  site.start();
  await site.pass(10_000);
  expect(site.controller.isConnected).toBe(false);
  await site.pass(20_000);
  expect(site.controller.isConnected).toBe(true);
  const words = site.log.lines.filter((line) => line.includes('compare these words'));
  expect(words).toHaveLength(1);
});

test('a node without identity and without a join file says what to do', async () => {
  const site = new SimSite();
  site.change = { join: undefined };
  site.start();
  await expect(site.world.settle(site.ended)).rejects.toMatchObject({ code: 'failed-precondition' });
});

test('an enrolled node needs no token any more, and keeps its identity over a power cut', async () => {
  const site = new SimSite();
  site.start();
  await site.pass(MINUTE_MS);
  site.change = { join: undefined };
  site.restart('power');
  await site.pass(MINUTE_MS);
  expect(site.controller.hellos).toHaveLength(2);
  expect(site.controller.peers.map(({ certificateChainPem }) => certificateChainPem)).toEqual([
    'certificate 1',
    'certificate 1',
  ]);
  const [first, second] = site.controller.hellos;
  expect(second?.bootId).not.toBe(first?.bootId);
  expect(second?.processNonce).not.toBe(first?.processNonce);
  expect(site.controller.eventsOf('bootObserved')).toEqual([{ previousBootId: '' }, { previousBootId: first?.bootId }]);
  expect(site.controller.eventsOf('agentStarted').map(({ previousExit }) => previousExit)).toEqual([
    PreviousExit.FIRST_START,
    PreviousExit.BOOT,
  ]);
});

test('it says goodbye when it is asked to end, within two seconds, and the next start knows it', async () => {
  const site = new SimSite();
  site.start();
  await site.pass(MINUTE_MS);
  expect(await site.stop()).toBeLessThan(2_000);
  await site.pass(1_000);
  expect(site.controller.goodbyes).toMatchObject([{ reason: GoodbyeReason.SHUTDOWN, expectedBackMs: 60_000 }]);
  expect(site.controller.isConnected).toBe(false);
  site.host = site.host.restart();
  site.start();
  await site.pass(MINUTE_MS);
  expect(site.controller.eventsOf('agentStarted').at(-1)?.previousExit).toBe(PreviousExit.CLEAN);
});

test.for<[string, (site: SimSite) => void]>([
  [
    'while it enrols',
    (site) => {
      site.controller.pendings = 1_000;
    },
  ],
  [
    'while it dials into silence',
    (site) => {
      site.path.cut();
    },
  ],
  ['before it has done anything', () => {}],
])('it ends cleanly within two seconds %s', async ([, prepare]) => {
  const site = new SimSite();
  prepare(site);
  site.start();
  await site.pass(site.controller.pendings > 0 ? MINUTE_MS : 0);
  expect(await site.stop()).toBeLessThan(2_000);
});

test('killed: the next process of the same boot says so', async () => {
  const site = new SimSite();
  site.start();
  await site.pass(MINUTE_MS);
  site.restart();
  await site.pass(MINUTE_MS);
  expect(site.controller.eventsOf('agentStarted').at(-1)?.previousExit).toBe(PreviousExit.CRASH);
  expect(site.controller.eventsOf('bootObserved')).toHaveLength(1);
});

test('a command is carried out once, and its story arrives', async () => {
  const site = new SimSite();
  site.start();
  await site.pass(MINUTE_MS);
  site.controller.command(site.restartUnit(1));
  await site.pass(10_000);
  expect(site.storyOf(1)).toEqual([ACCEPTED, STARTED, SUCCEEDED]);
  expect(site.restartsOf(1)).toBe(1);
});

test('a reboot ends the process; the next boot tells that it happened', async () => {
  const site = new SimSite();
  site.start();
  await site.pass(MINUTE_MS);
  const bootId = site.controller.hellos[0]?.bootId ?? '';
  const action: NonNullable<Command['action']> = { $case: 'reboot', value: { despiteArrays: [] } };
  site.controller.command(site.restartUnit(1, { action, preconditions: { bootId } }));
  await site.pass(10_000); // the simulated board goes dark at once
  site.path.reset();
  site.host = site.host.restart();
  site.start();
  await site.pass(MINUTE_MS);
  expect(site.storyOf(1)).toEqual([ACCEPTED, STARTED, SUCCEEDED]);
  expect(site.controller.eventsOf('commandUpdate').at(-1)?.detail).toContain('rebooted: boot');
});

test('stopped while it reboots, it says that it goes down for a reboot', async () => {
  let stopRequested = false;
  const site = new SimSite(1, {
    onReboot: () => {
      stopRequested = true;
    },
  });
  site.start();
  await site.pass(MINUTE_MS);
  const bootId = site.controller.hellos[0]?.bootId ?? '';
  site.controller.command(
    site.restartUnit(1, { action: { $case: 'reboot', value: { despiteArrays: [] } }, preconditions: { bootId } }),
  );
  await site.pass(1_000);
  expect(stopRequested).toBe(true);
  expect(await site.stop()).toBeLessThan(2_000);
  await site.pass(1_000);
  expect(site.controller.goodbyes).toMatchObject([{ reason: GoodbyeReason.REBOOT }]);
});

test('killed in the middle of a command: it is settled by looking, and is not done twice', async () => {
  const site = new SimSite();
  site.start();
  await site.pass(MINUTE_MS);
  site.host.board.units.restartMs = 400;
  site.controller.command(site.restartUnit(1));
  await site.pass(200);
  site.restart();
  await site.pass(MINUTE_MS);
  site.controller.command(site.restartUnit(1));
  await site.pass(MINUTE_MS);
  const story = site.storyOf(1);
  expect(story.slice(0, 2)).toEqual([ACCEPTED, STARTED]);
  expect(new Set(story.slice(2))).toSatisfy((ends: Set<number>) => ends.size === 1);
  expect([SUCCEEDED, FAILED, UNKNOWN]).toContain(story[2]);
  expect(site.restartsOf(1)).toBe(1);
});

test('what happened while the link was cut arrives once it is back, once, and with a full report', async () => {
  const site = new SimSite();
  site.start();
  await site.pass(MINUTE_MS);
  site.path.cut();
  await site.pass(10 * MINUTE_MS);
  site.host.board.clock.jump(3_600_000);
  await site.pass(2 * MINUTE_MS);
  site.path.reset();
  site.path.heal();
  await site.pass(10 * MINUTE_MS);
  const { controller } = site;
  expect(controller.hellos.length).toBeGreaterThanOrEqual(2);
  expect(controller.eventsOf('clockStepped')).toHaveLength(1);
  expect(controller.facts.get('clock_steps_count')).toBe(1);
  expect(controller.facts.get('clock_controller_offset_ms')).toBeGreaterThan(3_500_000);
  expect(controller.facts.get('agent_outbox_events_count')).toBe(0);
});

test('a half-open stream is noticed by its silence, and replaced', async () => {
  const site = new SimSite();
  site.start();
  await site.pass(MINUTE_MS);
  site.path.cut('to-agent');
  await site.pass(3 * MINUTE_MS);
  site.path.heal();
  await site.pass(3 * MINUTE_MS);
  expect(site.controller.hellos.length).toBeGreaterThanOrEqual(2);
  expect(site.controller.isConnected).toBe(true);
});

test('a controller that dies without a word has its agent back within seconds, one that restarts within its spread', async () => {
  const site = new SimSite();
  site.start();
  await site.pass(2 * MINUTE_MS);
  site.controller.die();
  await site.pass(3_000);
  expect(site.controller.hellos).toHaveLength(2);
  site.controller.goodbye(GoodbyeReason.SHUTDOWN);
  await site.pass(61_000);
  expect(site.controller.hellos).toHaveLength(3);
});

test('a node that was revoked or frozen asks seldom, and is back when it may be', async () => {
  const site = new SimSite();
  site.start();
  await site.pass(MINUTE_MS);
  site.controller.refusal = new BrambleError('unauthenticated', 'revoked');
  site.controller.goodbye(GoodbyeReason.REVOKED);
  await site.pass(4 * MINUTE_MS);
  expect(site.controller.peers).toHaveLength(1);
  await site.pass(6 * 60 * MINUTE_MS);
  expect(site.controller.peers.length).toBeGreaterThan(5);
  expect(site.controller.peers.length).toBeLessThan(75);
  site.controller.refusal = undefined;
  await site.pass(60 * MINUTE_MS);
  expect(site.controller.hellos).toHaveLength(2);
});

test('events that the controller cannot commit stay, and arrive later', async () => {
  const site = new SimSite();
  site.controller.commits = false;
  site.start();
  await site.pass(10 * MINUTE_MS);
  expect(site.controller.events).toEqual([]);
  site.controller.commits = true;
  await site.pass(2 * MINUTE_MS);
  expect(site.controller.events).toHaveLength(2);
});

test('a desired state is pulled, followed, remembered, and not pulled again', async () => {
  const site = new SimSite();
  site.controller.desiredRevision = 3;
  site.start();
  await site.pass(MINUTE_MS);
  expect(site.controller.reachedRevisions).toEqual([3]);
  site.controller.changeDesiredState(4, { ...site.controller.cadence, reportIntervalMs: 5_000 });
  await site.pass(1_000);
  const before = site.controller.reportsCount;
  await site.pass(MINUTE_MS);
  expect(site.controller.reportsCount - before).toBeGreaterThanOrEqual(11);
  site.restart();
  await site.pass(MINUTE_MS);
  expect(site.controller.reachedRevisions).toEqual([3, 4]);
  expect(site.controller.hellos.at(-1)?.desiredRevisionReached).toBe(4);
});

test('a desired state that makes no sense is not reached, and says why', async () => {
  const site = new SimSite();
  site.start();
  await site.pass(MINUTE_MS);
  site.controller.changeDesiredState(2, { ...site.controller.cadence, reportIntervalMs: 1 });
  await site.pass(MINUTE_MS);
  expect(site.controller.eventsOf('desiredStateFailed')).toMatchObject([{ revision: 2 }]);
  expect(site.controller.reachedRevisions).toEqual([]);
});

test('a controller that lost track gets everything again', async () => {
  const site = new SimSite();
  site.start();
  await site.pass(MINUTE_MS);
  const known = new Map(site.controller.facts);
  site.controller.facts.clear();
  site.controller.resync();
  await site.pass(3_000);
  expect(site.controller.fullReportsCount).toBe(2);
  expect([...site.controller.facts.keys()].sort()).toEqual([...known.keys()].sort());
});
