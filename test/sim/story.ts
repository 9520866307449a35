import { by } from '../../controller/usecases/testing/by.js';
import type { CommandView } from '../../proto/contract/api/fleet.js';
import { BrambleError } from '../../proto/contract/errors.js';
import { commandId, nodeId } from '../../proto/contract/ids.js';
import { randomBelow } from '../../proto/contract/random.js';
import { type Cluster, type SimAgent, UNIT } from './cluster.js';

const MINUTE_MS = 60_000;

/** What is held against what happened, when the story is over. */
export interface Deeds {
  readonly commands: { readonly id: string; readonly agent: string; readonly kind: 'restart-unit' | 'reboot' }[];
}

/** An hour of trouble: cuts, delays, kills, power cuts, a controller that dies, and commands all the while. */
export async function trouble(cluster: Cluster, durationMs: number): Promise<Deeds> {
  const { world } = cluster;
  const deeds: Deeds = { commands: [] };
  const random = world.randomFor('trouble');
  const untilMs = world.nowMs + durationMs;
  while (world.nowMs < untilMs) {
    await world.runFor(randomBelow(random, 40_000));
    const agent = cluster.agents[randomBelow(random, cluster.agents.length)];
    if (agent !== undefined) await oneDeed(cluster, agent, { random, deeds });
  }
  return deeds;
}

async function oneDeed(
  cluster: Cluster,
  agent: SimAgent,
  { random, deeds }: { readonly random: ReturnType<Cluster['world']['randomFor']>; readonly deeds: Deeds },
): Promise<void> {
  const path = cluster.network.path(agent.name);
  switch (randomBelow(random, 9)) {
    case 0:
      path.cut(randomBelow(random, 2) === 0 ? 'both' : 'to-agent');
      cluster.world.after(randomBelow(random, 10 * MINUTE_MS), () => path.heal());
      return;
    case 1:
      path.reset();
      return;
    case 2:
      path.latencyMs = randomBelow(random, 3_000);
      return;
    case 3:
      agent.crash('kill', randomBelow(random, MINUTE_MS));
      return;
    case 4:
      agent.crash('power', randomBelow(random, 3 * MINUTE_MS));
      return;
    case 5:
      if (cluster.isControllerUp) cluster.crashController(randomBelow(random, 2 * MINUTE_MS));
      return;
    case 6:
      agent.host.board.clock.jump((randomBelow(random, 20) - 10) * 365 * 86_400_000);
      return;
    default:
      await command(cluster, agent, { deeds, kind: randomBelow(random, 5) === 0 ? 'reboot' : 'restart-unit' });
  }
}

async function command(
  cluster: Cluster,
  agent: SimAgent,
  { deeds, kind }: { readonly deeds: Deeds; readonly kind: 'restart-unit' | 'reboot' },
): Promise<void> {
  if (!cluster.isControllerUp) return;
  const { api } = cluster.controller;
  const node = api.nodes().find(({ name }) => name === agent.name);
  if (node === undefined) return; // not enrolled yet
  const action = kind === 'reboot' ? { kind } : { kind, unit: UNIT };
  try {
    const issuing = api.issueCommand(
      nodeId(node.id),
      { action, reason: 'story', validForMs: 5 * MINUTE_MS },
      by('admin:test'),
    );
    const { id } = await cluster.world.settle(issuing);
    deeds.commands.push({ id, agent: agent.name, kind });
  } catch (thrown) {
    const { code } = BrambleError.from(thrown);
    if (code !== 'failed-precondition') throw thrown; // not connected: a reboot needs to know the boot
  }
}

export async function outcomes(cluster: Cluster, deeds: Deeds): Promise<readonly CommandView[]> {
  const views: CommandView[] = [];
  for (const { id } of deeds.commands) {
    views.push(await cluster.world.settle(cluster.controller.api.command(commandId(id))));
  }
  return views;
}
