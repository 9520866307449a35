import { describe, expect, test } from 'vitest';
import { BrambleError } from '../../../proto/contract/errors.js';
import { DesiredStateOutcome, NodeConfig } from '../../../proto/gen/bramble/agent/v1/desired.js';
import { NodeConfigOutcome } from '../../../proto/gen/bramble/agent/v1/event.js';
import { KEY_ED25519, KEY_RSA } from '../../../test/fixtures/node-configs.js';
import {
  configSnapshot,
  makeSimApplier,
  plantConfigFiles,
  SimConfigState,
  simConfigPath,
} from '../testing/sim-config-machine.js';
import { SimSite } from '../testing/sim-site.js';
import { TRIAL_MS } from './keeper.js';
import type { ConfigActuator } from './machine.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const { APPLIED, REFUSED, UNDONE, DRIFT_CORRECTED } = NodeConfigOutcome;

/** A setting that cuts this node off from its controller. */
const DEADLY = { name: 'net.ipv4.conf.eth0.rp_filter', value: '1' };

const config = (over: Partial<NodeConfig> = {}): NodeConfig =>
  NodeConfig.fromPartial({
    hostname: 'pi-7',
    authorizedKeys: { users: [{ user: 'pi', keys: [KEY_ED25519] }] },
    ...over,
  });

const deadlyConfig = (): NodeConfig => config({ sysctls: { values: [DEADLY] } });

class ConfigSite extends SimSite {
  readonly state = new SimConfigState();
  readonly applies: number[] = [];
  wrap: (actuator: ConfigActuator) => ConfigActuator = (actuator) => actuator;

  constructor(seed = 1) {
    super(seed);
    plantConfigFiles(this.host.board.disk, `${KEY_RSA} kim`);
    this.state.onSysctl = (name, value) => {
      if (name !== DEADLY.name) return;
      if (value === DEADLY.value) this.path.cut('both');
      else this.path.heal();
    };
  }

  override start(): void {
    const applier = makeSimApplier(this.host, this.state);
    const counting: ConfigActuator = {
      apply: (revision, wanted) => {
        this.applies.push(revision);
        return applier.apply(revision, wanted);
      },
      check: (wanted) => applier.check(wanted),
      confirm: (revision) => applier.confirm(revision),
      undo: () => applier.undo(),
    };
    this.change = { ...this.change, configActuator: this.wrap(counting) };
    super.start();
  }

  snapshot(): string {
    return configSnapshot(this.host.board.disk, this.state);
  }

  settled(): readonly (readonly [number, NodeConfigOutcome])[] {
    return this.controller.eventsOf('nodeConfigSettled').map(({ revision, outcome }) => [revision, outcome] as const);
  }
}

async function connected(): Promise<ConfigSite> {
  const site = new ConfigSite();
  site.start();
  await site.pass(MINUTE_MS);
  return site;
}

describe('a config on trial', () => {
  test('is kept once the controller has acknowledged a report that was sent afterwards', async () => {
    const site = await connected();
    site.controller.wantConfig(3, config());
    await site.pass(MINUTE_MS);
    expect(site.state.hostname).toBe('pi-7');
    expect(site.settled()).toEqual([[3, APPLIED]]);
    expect(site.controller.eventsOf('nodeConfigSettled')[0]?.changes).toContain('hostname: pi-0 -> pi-7');
    expect(site.controller.tries).toMatchObject([
      { revision: 0, triedRevision: 3, outcome: DesiredStateOutcome.ON_TRIAL },
      { revision: 3, triedRevision: 3, outcome: DesiredStateOutcome.REACHED },
    ]);
    await site.pass(MINUTE_MS);
    expect(site.controller.facts.get('config_state')).toBe(1);
    await site.pass(TRIAL_MS);
    expect([site.state.hostname, site.applies]).toEqual(['pi-7', [3]]);
  });

  test('that cuts the node off is taken back, told when the link returns, and not tried again', async () => {
    const site = await connected();
    const before = site.snapshot();
    site.controller.wantConfig(3, deadlyConfig());
    await site.pass(MINUTE_MS);
    expect(site.state.sysctls.get(DEADLY.name)).toBe(DEADLY.value);
    await site.pass(TRIAL_MS + 3 * MINUTE_MS);
    expect(site.snapshot()).toBe(before);
    expect(site.settled()).toEqual([[3, UNDONE]]);
    expect(site.controller.eventsOf('nodeConfigSettled')[0]?.detail).toContain('not met within 5 min');
    expect(site.controller.tries.at(-1)).toMatchObject({
      revision: 0,
      triedRevision: 3,
      outcome: DesiredStateOutcome.UNDONE,
    });
    expect(site.controller.facts.get('config_state')).toBe(4);
    site.restart();
    await site.pass(HOUR_MS);
    expect(site.applies).toEqual([3]);
    site.controller.wantConfig(4, config());
    await site.pass(2 * MINUTE_MS);
    expect([site.state.hostname, site.controller.tries.at(-1)?.outcome]).toEqual(['pi-7', DesiredStateOutcome.REACHED]);
  });

  test.for(['kill', 'power'] as const)('goes on after a %s, and is taken back in time all the same', async (death) => {
    const site = await connected();
    const before = site.snapshot();
    site.controller.wantConfig(3, deadlyConfig());
    await site.pass(MINUTE_MS);
    site.restart(death);
    await site.pass(TRIAL_MS - 2 * MINUTE_MS);
    expect(site.state.hostname).toBe('pi-7');
    await site.pass(4 * MINUTE_MS);
    expect(site.snapshot()).toBe(before);
  });

  test('that goes on after a restart is kept when the controller is met', async () => {
    const site = await connected();
    site.controller.wantConfig(3, config());
    site.path.cut('both');
    await site.pass(0);
    site.path.heal();
    site.controller.wantConfig(3, config());
    await site.pass(1_000);
    site.restart('power');
    await site.pass(2 * MINUTE_MS);
    expect([site.state.hostname, site.settled().at(-1)]).toEqual(['pi-7', [3, APPLIED]]);
  });

  test('is taken back at the fourth boot that does not meet the controller', async () => {
    const site = await connected();
    const before = site.snapshot();
    site.controller.wantConfig(3, deadlyConfig());
    await site.pass(MINUTE_MS);
    for (let boot = 0; boot < 2; boot++) {
      site.restart('power');
      await site.pass(MINUTE_MS);
      expect(site.state.hostname).toBe('pi-7');
    }
    site.restart('power');
    await site.pass(MINUTE_MS);
    expect(site.snapshot()).toBe(before);
    await site.pass(3 * MINUTE_MS);
    expect(site.controller.eventsOf('nodeConfigSettled')[0]?.detail).toContain('booted 3 times');
  });
});

describe('a config', () => {
  test('that the node cannot be is refused, with the reason, and changes nothing', async () => {
    const site = await connected();
    const before = site.snapshot();
    site.controller.wantConfig(3, config({ units: { units: [{ name: 'nginx.service', state: 1 }] } }));
    await site.pass(MINUTE_MS);
    expect(site.snapshot()).toBe(before);
    expect(site.settled()).toEqual([[3, REFUSED]]);
    expect(site.controller.tries.at(-1)?.detail).toContain('unit nginx.service');
  });

  test('of a newer controller with an unknown unit state is refused, never guessed', async () => {
    const site = await connected();
    site.controller.wantConfig(3, config({ units: { units: [{ name: 'cups.service', state: 0 }] } }));
    await site.pass(MINUTE_MS);
    expect(site.settled()).toEqual([[3, REFUSED]]);
    expect(site.state.units.get('cups.service')).toEqual({ enabled: true, running: true });
  });

  test('is refused by an agent that has no helper', async () => {
    const site = new ConfigSite();
    site.wrap = (actuator) => ({
      ...actuator,
      apply: () => Promise.reject(new BrambleError('unavailable', 'nobody listens', { context: { delivered: false } })),
    });
    site.start();
    await site.pass(MINUTE_MS);
    site.controller.wantConfig(3, config());
    await site.pass(MINUTE_MS);
    expect(site.settled()).toEqual([[3, REFUSED]]);
  });

  test('whose helper never answers is taken back as soon as one does', async () => {
    const site = new ConfigSite();
    let isDeaf = true;
    const late = () => Promise.reject(new BrambleError('deadline-exceeded', 'no answer'));
    site.wrap = (actuator) => ({
      ...actuator,
      apply: async (revision, wanted, signal) => {
        await actuator.apply(revision, wanted, signal);
        return late();
      },
      undo: (signal) => (isDeaf ? late() : actuator.undo(signal)),
    });
    site.start();
    await site.pass(MINUTE_MS);
    const before = site.snapshot();
    site.controller.wantConfig(3, config());
    await site.pass(5 * MINUTE_MS);
    expect([site.snapshot() === before, site.settled()]).toEqual([false, []]);
    isDeaf = false;
    await site.pass(2 * MINUTE_MS);
    expect([site.snapshot() === before, site.settled()]).toEqual([true, [[3, UNDONE]]]);
  });

  test('that is there already is reached without a trial', async () => {
    const site = await connected();
    site.controller.wantConfig(3, config());
    await site.pass(MINUTE_MS);
    site.controller.wantConfig(4, config());
    await site.pass(1_000);
    expect(site.controller.tries.at(-1)).toMatchObject({ revision: 4, outcome: DesiredStateOutcome.REACHED });
  });

  test('that nobody manages any more leaves everything as it is, and says so no longer', async () => {
    const site = await connected();
    site.controller.wantConfig(3, config());
    await site.pass(MINUTE_MS);
    site.controller.config = undefined;
    site.controller.changeDesiredState(4, site.controller.cadence);
    await site.pass(2 * MINUTE_MS);
    expect([site.state.hostname, site.controller.facts.has('config_state')]).toEqual(['pi-7', false]);
  });
});

describe('drift', () => {
  test('is found within two hours, put right, and told', async () => {
    const site = await connected();
    site.controller.wantConfig(3, config());
    await site.pass(MINUTE_MS);
    site.state.hostname = 'mallory';
    await site.pass(2 * HOUR_MS);
    expect(site.state.hostname).toBe('pi-7');
    expect(site.settled()).toEqual([
      [3, APPLIED],
      [3, DRIFT_CORRECTED],
    ]);
    expect(site.controller.facts.get('config_drifts_count')).toBe(1);
  });

  test('that cannot be put right is told, and is over when somebody puts it right', async () => {
    const site = await connected();
    site.controller.wantConfig(3, config());
    await site.pass(MINUTE_MS);
    const path = simConfigPath('authorized-keys/pi');
    const { disk } = site.host.board;
    const good = disk.read(path) ?? new Uint8Array();
    disk.plant(path, new TextEncoder().encode('# END bramble\n'));
    await site.pass(2 * HOUR_MS);
    expect(site.log.lines.some((line) => line.includes('drifted is not known'))).toBe(true);
    disk.plant(path, good);
    await site.pass(2 * HOUR_MS);
    expect(site.controller.facts.get('config_state')).toBe(1);
  });
});

test('wherever the power fails during a change, the node ends up whole, old or new, and knows which', async () => {
  const quiet = await connected();
  const before = quiet.snapshot();
  const first = quiet.host.board.disk.operations;
  quiet.controller.wantConfig(3, config());
  await quiet.pass(MINUTE_MS);
  const [after, last] = [quiet.snapshot(), quiet.host.board.disk.operations];
  const endings = new Set<string>();
  for (let index = first; index < last; index += 1) {
    const site = await connected();
    site.host.board.disk.fault = (operation) => {
      if (operation.index === index) site.host.crash('power');
      return undefined;
    };
    site.controller.wantConfig(3, config());
    await site.pass(MINUTE_MS);
    site.host.board.disk.fault = () => undefined;
    site.host = site.host.restart();
    site.start();
    await site.pass(3 * MINUTE_MS);
    const isOld = site.snapshot() === before;
    expect(isOld || site.snapshot() === after, `operation ${index}`).toBe(true);
    const { hellos, tries } = site.controller;
    const isToldReached = tries.at(-1)?.revision === 3 || hellos.at(-1)?.desiredRevisionReached === 3;
    expect(isToldReached, `operation ${index}`).toBe(!isOld);
    endings.add(isOld ? 'old' : 'new');
  }
  expect([...endings].sort()).toEqual(['new', 'old']);
});

test('a node whose config stands still writes nothing about it', async () => {
  const site = await connected();
  site.controller.wantConfig(3, config());
  await site.pass(10 * MINUTE_MS);
  const paths: string[] = [];
  site.host.board.disk.fault = ({ kind, path }) => {
    if (kind === 'write' && /config|desired/.test(path)) paths.push(path);
    return undefined;
  };
  await site.pass(5 * HOUR_MS);
  expect(paths).toEqual([]);
});
