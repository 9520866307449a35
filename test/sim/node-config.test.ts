import { expect, test } from 'vitest';
import { configSnapshot } from '../../agent/kit/testing/sim-config-machine.js';
import { by } from '../../controller/usecases/testing/by.js';
import { nodeId } from '../../proto/contract/ids.js';
import type { NodeConfig } from '../../proto/contract/node-config/config.js';
import { type Cluster, type SimAgent, startCluster } from './cluster.js';

const MINUTE_MS = 60_000;
/** A setting that cuts a node off from its controller, until it is taken back. */
const DEADLY = { name: 'net.ipv4.conf.eth0.rp_filter', value: '1' };

async function bench(seed: number): Promise<{ readonly cluster: Cluster; readonly agent: SimAgent }> {
  const cluster = await startCluster(seed, 2);
  await cluster.world.runFor(2 * MINUTE_MS);
  const [agent] = cluster.agents;
  if (agent === undefined) throw new Error('a cluster has agents');
  agent.config.onSysctl = (name, value) => {
    if (name !== DEADLY.name) return;
    if (value === DEADLY.value) cluster.network.path(agent.name).cut('both');
    else cluster.network.path(agent.name).heal();
  };
  return { cluster, agent };
}

function viewOf(cluster: Cluster, { name }: SimAgent) {
  const found = cluster.controller.api.nodes().find((node) => node.name === name);
  if (found === undefined) throw new Error(`${name} has enrolled`);
  return cluster.controller.api.node(nodeId(found.id));
}

async function set(cluster: Cluster, agent: SimAgent, config: NodeConfig, expectedRevision: number): Promise<void> {
  const change = { config, expectedRevision, reason: 'story' };
  const id = nodeId(viewOf(cluster, agent).id);
  await cluster.world.settle(cluster.controller.api.setNodeConfig(id, change, by('admin:test')));
}

async function timeline(cluster: Cluster): Promise<readonly string[]> {
  const events = await cluster.world.settle(cluster.controller.api.events({ limit: 200 }));
  return events.items.map(({ reason }) => reason).filter((reason) => /Config/.test(reason));
}

test('a config that cuts a node off is undone there, told when the link returns, and raised as trouble', async () => {
  const { cluster, agent } = await bench(1);
  const before = configSnapshot(agent.host.board.disk, agent.config);
  await set(cluster, agent, { hostname: 'pi-7', sysctls: { [DEADLY.name]: DEADLY.value } }, 0);
  await cluster.world.runFor(MINUTE_MS);
  expect(agent.config.hostname).toBe('pi-7');
  await cluster.world.runFor(10 * MINUTE_MS);
  expect(configSnapshot(agent.host.board.disk, agent.config)).toBe(before);
  const view = viewOf(cluster, agent);
  expect(view).toMatchObject({
    liveness: 'fresh',
    desiredRevision: 1,
    desiredRevisionReached: 0,
    desiredTry: { revision: 1, outcome: 'undone' },
  });
  expect(view.conditions.filter(({ status }) => status === 'true').map(({ type }) => type)).toContain('ConfigFailed');
  expect(await timeline(cluster)).toEqual(['ConfigUndone', 'ConfigWanted']);

  await set(cluster, agent, { hostname: 'pi-7' }, 1);
  await cluster.world.runFor(3 * MINUTE_MS);
  const mended = viewOf(cluster, agent);
  expect([agent.config.hostname, mended.desiredRevisionReached, mended.desiredTry]).toEqual(['pi-7', 2, undefined]);
  const trouble = mended.conditions.filter(({ status }) => status === 'true').map(({ type }) => type);
  expect(trouble).not.toContain('ConfigFailed');
});

test('a node that is away gets the config when it comes back, and a restarted controller still knows how it went', async () => {
  const { cluster, agent } = await bench(2);
  cluster.network.path(agent.name).cut('both');
  await set(cluster, agent, { units: { 'no-such.service': 'enabled' } }, 0);
  await cluster.world.runFor(10 * MINUTE_MS);
  expect(viewOf(cluster, agent).desiredTry).toBeUndefined();
  cluster.network.path(agent.name).heal();
  await cluster.world.runFor(10 * MINUTE_MS);
  expect(viewOf(cluster, agent).desiredTry).toMatchObject({ revision: 1, outcome: 'refused' });
  cluster.crashController(MINUTE_MS);
  await cluster.world.runFor(10 * MINUTE_MS);
  expect(viewOf(cluster, agent).desiredTry).toMatchObject({ revision: 1, outcome: 'refused' });
  expect(await timeline(cluster)).toContain('ConfigRefused');
});

test('a node goes through power cuts and a dying controller in the middle of a change, and ends up whole', async () => {
  for (const seed of [3, 4, 5, 6]) {
    const { cluster, agent } = await bench(seed);
    const random = cluster.world.randomFor('config story');
    await set(cluster, agent, { hostname: 'pi-7', ntpServers: ['ntp.lab'] }, 0);
    cluster.world.after(random.unit() * 200, () => agent.crash('power', 20_000));
    cluster.world.after(random.unit() * 60_000, () => cluster.crashController(30_000));
    await cluster.world.runFor(30 * MINUTE_MS);
    const view = viewOf(cluster, agent);
    const isNew = view.desiredRevisionReached === 1;
    expect([isNew || view.desiredTry?.revision === 1, agent.config.hostname], `seed ${seed}`).toEqual([
      true,
      isNew ? 'pi-7' : 'pi-0',
    ]);
  }
});
