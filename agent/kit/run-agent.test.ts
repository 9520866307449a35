import { expect, test } from 'vitest';
import { BrambleError } from '../../proto/contract/errors.js';
import { Command, CommandState } from '../../proto/gen/bramble/agent/v1/command.js';
import { PreviousExit } from '../../proto/gen/bramble/agent/v1/event.js';
import { GoodbyeReason } from '../../proto/gen/bramble/agent/v1/link.js';
import { makeReboot } from './actions/reboot.js';
import { makeRestartUnit } from './actions/restart-unit.js';
import { hostCollectors } from './collectors/index.js';
import { runAgent } from './run-agent.js';
import type { AgentOptions } from './runtime/agent-options.js';
import { collectedLog } from './testing/collected-log.js';
import { commandIdOf } from './testing/signed-command.js';
import { SIM_WALL_CLOCK_MS } from './testing/sim-clock.js';
import { SIM_ENDPOINT, SIM_NODE_ID, SIM_PIN, SIM_TOKEN, SimController } from './testing/sim-controller.js';
import { makeSimHost, type SimHost, type SimHostOptions } from './testing/sim-host.js';
import { SimNetwork } from './testing/sim-net.js';
import { SimWorld } from './testing/sim-world.js';

const UNIT = 'ssh.service';
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** One board with its agent, and its controller, in one simulated world. */
class Site {
  readonly world: SimWorld;
  readonly network: SimNetwork;
  readonly controller: SimController;
  readonly log = collectedLog();
  host: SimHost;
  ready = 0;
  progress = 0;
  change: Partial<AgentOptions> = {};
  #stop = new AbortController();
  ended: Promise<void> = Promise.resolve();

  constructor(seed = 1, options: SimHostOptions = {}) {
    this.world = new SimWorld(seed);
    this.network = new SimNetwork(this.world);
    this.controller = new SimController(this.world);
    this.network.listen(SIM_ENDPOINT, this.controller);
    this.host = makeSimHost(this.world, 'pi', { network: this.network, units: [UNIT], ...options });
    this.host.board.kernel.set('/proc/sys/kernel/hostname', 'pi-07\n');
    this.host.board.kernel.set('/proc/loadavg', '0.10 0.20 0.30 1/100 1234\n');
  }

  start(): void {
    this.#stop = new AbortController();
    const { host, log } = this;
    const options: AgentOptions = {
      kind: 'pi',
      version: '1.2.3',
      host,
      log,
      stateDir: '/state',
      join: { controller: SIM_ENDPOINT, pin: SIM_PIN, token: SIM_TOKEN },
      collectors: (probe) => hostCollectors(probe),
      handlers: { restartUnit: makeRestartUnit(new Set([UNIT])), reboot: makeReboot() },
      buildTimeMs: SIM_WALL_CLOCK_MS - 90 * DAY_MS,
      progress: () => {
        this.progress += 1;
      },
      notifyReady: () => {
        this.ready += 1;
      },
      ...this.change,
    };
    this.ended = runAgent(options, this.#stop.signal);
    this.ended.catch((error: unknown) => {
      this.world.fail(error);
    });
  }

  /** Asks the agent to end; answers with how long that took, ms. */
  async stop(): Promise<number> {
    const beforeMs = this.world.nowMs;
    this.#stop.abort();
    await this.world.settle(this.ended);
    return this.world.nowMs - beforeMs;
  }

  /** Kills the agent, or cuts the power, and starts it again. */
  restart(how: 'kill' | 'power' = 'kill'): void {
    this.host.crash(how);
    this.host = this.host.restart();
    this.start();
  }

  /** Time passes. */
  async pass(ms: number): Promise<void> {
    await this.world.runFor(ms);
  }

  get path() {
    return this.network.path('pi');
  }

  restartUnit(n: number, change: Partial<Command> = {}): Command {
    return Command.create({
      id: commandIdOf(n),
      targetNodeId: SIM_NODE_ID,
      epoch: 1,
      issuedAtUnixMs: this.controller.nowMs,
      validForMs: 5 * MINUTE_MS,
      action: { $case: 'restartUnit', value: { unit: UNIT } },
      ...change,
    });
  }

  storyOf(n: number): readonly number[] {
    const updates = this.controller.eventsOf('commandUpdate');
    return updates.filter(({ commandId }) => commandId === commandIdOf(n)).map(({ state }) => state);
  }
}

const { ACCEPTED, STARTED, SUCCEEDED, FAILED, UNKNOWN } = CommandState;

test('a new node enrols, connects, says who it is and reports', async () => {
  const site = new Site();
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
      supportedActions: ['restart_unit', 'reboot'],
      desiredRevisionReached: 0,
      clockUntrusted: false,
      ledgerHead: { entriesCount: 0 },
    },
  ]);
  expect(controller.eventsOf('bootObserved')).toEqual([{ previousBootId: '' }]);
  expect(controller.eventsOf('agentStarted')).toEqual([
    { agentVersion: '1.2.3', previousExit: PreviousExit.FIRST_START },
  ]);
  expect(controller.facts.get('load_1m_milli')).toBe(100);
  expect(controller.facts.get('hostname_text')).toBe('pi-07');
  expect(controller.facts.get('collector_state cpu')).toBeGreaterThan(0);
  expect([controller.fullReportsCount, controller.reportsCount]).toEqual([1, 2]);
  expect([site.ready, site.progress > 5]).toEqual([1, true]);
});

test('a node that needs approval shows its words and waits', async () => {
  const site = new Site();
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
  const site = new Site();
  site.change = { join: undefined };
  site.start();
  await expect(site.world.settle(site.ended)).rejects.toMatchObject({ code: 'failed-precondition' });
});

test('an enrolled node needs no token any more, and keeps its identity over a power cut', async () => {
  const site = new Site();
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
  const site = new Site();
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

test.for<[string, (site: Site) => void]>([
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
  const site = new Site();
  prepare(site);
  site.start();
  await site.pass(site.controller.pendings > 0 ? MINUTE_MS : 0);
  expect(await site.stop()).toBeLessThan(2_000);
});

test('killed: the next process of the same boot says so', async () => {
  const site = new Site();
  site.start();
  await site.pass(MINUTE_MS);
  site.restart();
  await site.pass(MINUTE_MS);
  expect(site.controller.eventsOf('agentStarted').at(-1)?.previousExit).toBe(PreviousExit.CRASH);
  expect(site.controller.eventsOf('bootObserved')).toHaveLength(1);
});

test('a command is carried out once, and its story arrives', async () => {
  const site = new Site();
  site.start();
  await site.pass(MINUTE_MS);
  site.controller.command(site.restartUnit(1));
  await site.pass(10_000);
  expect(site.storyOf(1)).toEqual([ACCEPTED, STARTED, SUCCEEDED]);
  expect(site.host.board.units.restarts(UNIT)).toBe(1);
});

test('a reboot ends the process; the next boot tells that it happened', async () => {
  const site = new Site();
  site.start();
  await site.pass(MINUTE_MS);
  const bootId = site.controller.hellos[0]?.bootId ?? '';
  const action = { $case: 'reboot', value: {} } as const;
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
  const site: Site = new Site(1, {
    onReboot: () => {
      stopRequested = true;
    },
  });
  site.start();
  await site.pass(MINUTE_MS);
  const bootId = site.controller.hellos[0]?.bootId ?? '';
  site.controller.command(site.restartUnit(1, { action: { $case: 'reboot', value: {} }, preconditions: { bootId } }));
  await site.pass(1_000);
  expect(stopRequested).toBe(true);
  expect(await site.stop()).toBeLessThan(2_000);
  await site.pass(1_000);
  expect(site.controller.goodbyes).toMatchObject([{ reason: GoodbyeReason.REBOOT }]);
});

test('killed in the middle of a command: it is settled by looking, and is not done twice', async () => {
  const site = new Site();
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
  expect(site.host.board.units.restarts(UNIT)).toBe(1);
});

test('what happened while the link was cut arrives once it is back, once, and with a full report', async () => {
  const site = new Site();
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
  expect(controller.eventsOf('clockStepped')).toEqual([{ stepMs: 3_600_000 }]);
  expect(controller.facts.get('clock_steps_count')).toBe(1);
  expect(controller.facts.get('clock_controller_offset_ms')).toBeGreaterThan(3_500_000);
  expect(controller.facts.get('agent_outbox_events_count')).toBe(0);
  expect(controller.mostOpenStreams).toBe(1);
});

test('a half-open stream is noticed by its silence, and replaced', async () => {
  const site = new Site();
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
  const site = new Site();
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
  const site = new Site();
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
  const site = new Site();
  site.controller.commits = false;
  site.start();
  await site.pass(10 * MINUTE_MS);
  expect(site.controller.events).toEqual([]);
  site.controller.commits = true;
  await site.pass(2 * MINUTE_MS);
  expect(site.controller.events).toHaveLength(2);
});

test('a desired state is pulled, followed, remembered, and not pulled again', async () => {
  const site = new Site();
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
  const site = new Site();
  site.start();
  await site.pass(MINUTE_MS);
  site.controller.changeDesiredState(2, { ...site.controller.cadence, reportIntervalMs: 1 });
  await site.pass(MINUTE_MS);
  expect(site.controller.eventsOf('desiredStateFailed')).toMatchObject([{ revision: 2 }]);
  expect(site.controller.reachedRevisions).toEqual([]);
});

test('a controller that lost track gets everything again', async () => {
  const site = new Site();
  site.start();
  await site.pass(MINUTE_MS);
  const known = new Map(site.controller.facts);
  site.controller.facts.clear();
  site.controller.resync();
  await site.pass(3_000);
  expect(site.controller.fullReportsCount).toBe(2);
  expect([...site.controller.facts.keys()].sort()).toEqual([...known.keys()].sort());
});

test('a credential is renewed when it says so, with a new key, and shown at once', async () => {
  const site = new Site();
  site.controller.renewAfterMs = 20 * DAY_MS;
  site.start();
  await site.pass(19 * DAY_MS);
  expect(site.controller.renewals).toHaveLength(0);
  await site.pass(2 * DAY_MS);
  expect(site.controller.renewals).toHaveLength(1);
  expect(site.controller.peers.at(-1)?.certificateChainPem).toBe('certificate 2');
  site.restart('power');
  await site.pass(20 * DAY_MS);
  expect(site.controller.renewals.map(({ renewalCounter }) => renewalCounter)).toEqual([1, 2]);
  const [first, second] = site.controller.renewals;
  expect(first?.spkiDer).not.toEqual(second?.spkiDer);
}, 60_000);

test('a renewal whose answer was lost is asked again with the same key', async () => {
  const site = new Site();
  site.controller.renewAfterMs = DAY_MS;
  site.start();
  await site.pass(DAY_MS - MINUTE_MS);
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
  const site = new Site(1, { clock: { wallClockMs: 5_000 } });
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
    const site = new Site();
    site.start();
    await site.pass(10 * MINUTE_MS);
    const before = site.controller.reportsCount;
    site.host.board.clock.jump(byMs);
    await site.pass(10 * MINUTE_MS);
    expect(site.controller.hellos).toHaveLength(1);
    expect(site.controller.reportsCount - before).toBeGreaterThanOrEqual(19);
    expect(site.controller.eventsOf('clockStepped')).toEqual([{ stepMs: byMs }]);
    site.controller.command(site.restartUnit(1));
    await site.pass(5_000);
    expect(site.storyOf(1)).toEqual([ACCEPTED, STARTED, SUCCEEDED]);
  },
);

test('a full disk stops commands, not reports; the facts say so, and it heals', async () => {
  const site = new Site();
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
  const site = new Site();
  site.start();
  await site.pass(60 * MINUTE_MS);
  const before = site.host.board.disk.writtenBytes;
  await site.pass(DAY_MS);
  expect(site.host.board.disk.writtenBytes - before).toBeLessThan(10_000);
}, 60_000);

test('one seed gives one story, to the bit', async () => {
  const play = async (): Promise<string> => {
    const site = new Site(42);
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
