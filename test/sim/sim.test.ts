import { expect, test } from 'vitest';
import { nodeId } from '../../proto/contract/ids.js';
import { type Cluster, startCluster, UNIT } from './cluster.js';
import { type Deeds, outcomes, trouble } from './story.js';

const MINUTE_MS = 60_000;
const AGENTS = 10;
const FINAL = ['succeeded', 'failed', 'rejected', 'lapsed', 'unknown'];

/** One controller and ten agents through twenty minutes of trouble and a quiet end. */
async function story(seed: number): Promise<{ readonly cluster: Cluster; readonly deeds: Deeds }> {
  const cluster = await startCluster(seed, AGENTS);
  await cluster.world.runFor(3 * MINUTE_MS);
  expect(cluster.controller.api.nodes().map(({ liveness }) => liveness)).toEqual(Array(AGENTS).fill('fresh'));
  const deeds = await trouble(cluster, 20 * MINUTE_MS);
  await cluster.world.runFor(10 * MINUTE_MS); // the last cut heals
  for (const { name } of cluster.agents) cluster.network.path(name).latencyMs = 20;
  await cluster.world.runFor(30 * MINUTE_MS);
  return { cluster, deeds };
}

test('a fleet comes through an hour of trouble with every event kept and no command run twice', async () => {
  for (const seed of [1, 2, 3]) {
    const { cluster, deeds } = await story(seed);
    const { api } = cluster.controller;
    expect(
      api
        .nodes()
        .map(({ name, liveness }) => `${name} ${liveness}`)
        .sort(),
      `seed ${seed}`,
    ).toEqual(cluster.agents.map(({ name }) => `${name} fresh`).sort());

    const views = await outcomes(cluster, deeds);
    expect(
      views.filter(({ state }) => !FINAL.includes(state)),
      `seed ${seed}`,
    ).toEqual([]);
    for (const agent of cluster.agents) {
      const mine = views.filter(({ nodeId: id, action }) => {
        return action.kind === 'restart-unit' && api.node(nodeId(id)).name === agent.name;
      });
      const succeeded = mine.filter(({ state }) => state === 'succeeded').length;
      const perhaps = mine.filter(({ state }) => state === 'unknown' || state === 'failed').length;
      const restarts = agent.host.board.units.restarts(UNIT);
      expect(restarts, `seed ${seed}, ${agent.name}`).toBeGreaterThanOrEqual(succeeded);
      expect(restarts, `seed ${seed}, ${agent.name}`).toBeLessThanOrEqual(succeeded + perhaps);
    }
    for (const { id, name } of api.nodes()) {
      const waiting = api.node(nodeId(id)).facts.find(({ fact }) => fact === 'agent_outbox_events_count');
      expect(waiting?.value, `seed ${seed}, ${name}`).toBe(0);
    }
  }
});

test('a seed replays bit by bit, and another seed is another story', async () => {
  const [first, again, other] = [await story(7), await story(7), await story(8)];
  expect(again.cluster.world.traceHash).toBe(first.cluster.world.traceHash);
  expect(other.cluster.world.traceHash).not.toBe(first.cluster.world.traceHash);
  expect(first.cluster.world.lines.length).toBeGreaterThan(500);
});
