/** What the three vantage points make of the world: never more than their agents could have told. */

import type { ActionSight } from '../../../controller/domain/healing/action.js';
import type { HealMemory } from '../../../controller/domain/healing/memory.js';
import type { Change, NodeSight, Observed, Symptom } from '../../../controller/domain/healing/observed.js';
import { BOOT_LIMITS } from '../../../proto/contract/boot/stage.js';
import { REPORT_INTERVAL_MS } from './channel.js';
import type { SimNode, World } from './world.js';

/** What the controller of the run knows of itself. */
export interface SimController {
  graceUntilMs: number;
  loopLagMs: number;
  isRestored: boolean;
}

const PERIODS = 3;

export function observe(
  world: World,
  controller: SimController,
  changes: readonly Change[],
  actions: readonly ActionSight[],
  memory: HealMemory,
): Observed {
  const { nowMs } = world;
  const { graceUntilMs } = controller;
  const completeRatioOf = (site: string): number => {
    const channels = [...world.fileservers.values(), ...world.switches.values()].filter((one) => one.site === site);
    const complete = channels.filter(({ channel }) => channel.upForMs(nowMs) >= PERIODS * REPORT_INTERVAL_MS);
    return channels.length === 0 ? 1 : complete.length / channels.length;
  };
  return {
    controller: { ...controller },
    sites: new Map(
      [...world.sites.keys()].map((name) => [
        name,
        {
          tunnel:
            nowMs < graceUntilMs
              ? ('unobserved' as const)
              : world.isSiteReached(name)
                ? ('up' as const)
                : ('down' as const),
          completeRatio: completeRatioOf(name),
        },
      ]),
    ),
    fileservers: new Map(
      [...world.fileservers.values()].map((server) => [
        server.name,
        {
          agent: server.channel.liveness(nowMs, graceUntilMs),
          service: server.service,
          arrays: server.arrays,
          hasSnapshots: true,
          hasImage: true,
        },
      ]),
    ),
    switches: new Map(
      [...world.switches.values()].map((one) => [
        one.name,
        { agent: one.channel.liveness(nowMs, graceUntilMs), psusLost: one.psusLost },
      ]),
    ),
    nodes: world.nodes.map((node) => sightOf(world, node, graceUntilMs)),
    changes,
    actions,
    memory,
  };
}

function sightOf(world: World, node: SimNode, graceUntilMs: number): NodeSight {
  const { nowMs } = world;
  return {
    agent: node.channel.liveness(nowMs, graceUntilMs),
    symptom: symptomOf(node),
    ...bootOf(world, node),
    nfs: nfsOf(world, node),
    fileserverSawAtMs: world.fileserverOf(node)?.channel.lastSeenAtMs(nowMs) ?? Number.NEGATIVE_INFINITY,
    link: linkOf(world, node),
    power: powerOf(world, node),
    switchSawAtMs: world.switchOf(node)?.channel.lastSeenAtMs(nowMs) ?? Number.NEGATIVE_INFINITY,
  };
}

function symptomOf(node: SimNode): Symptom | undefined {
  if (node.cardDying) return 'card-dying';
  if (node.board === 'weak') return 'undervoltage';
  if (node.clockWrong) return 'clock-wrong';
  return node.unitFailed ? 'unit-failed' : undefined;
}

function bootOf({ nowMs }: World, node: SimNode): Pick<NodeSight, 'boot' | 'bootSinceMs'> {
  const ageMs = nowMs - node.phaseAtMs;
  const stage = (boot: NodeSight['boot'], afterMs = 0) => ({ boot, bootSinceMs: node.phaseAtMs + afterMs });
  switch (node.phase) {
    case 'rom':
    case 'rom-stuck':
      // Nobody told the fileserver that it started: it only hears nothing.
      if (!node.startedByUs) return stage('none');
      return node.phase === 'rom-stuck' || ageMs >= BOOT_LIMITS.dhcpMs
        ? stage('no-dhcp', BOOT_LIMITS.dhcpMs)
        : stage('power-on');
    case 'tftp':
      return stage('dhcp-seen');
    case 'files-lost':
      return ageMs < BOOT_LIMITS.firstFileMs
        ? stage('dhcp-seen')
        : stage('no-tftp-after-dhcp', BOOT_LIMITS.firstFileMs);
    case 'dir-miss':
      return stage('serial-dir-miss');
    case 'kernel':
      return stage('cmdline-served');
    case 'no-hello':
      return ageMs < BOOT_LIMITS.helloMs ? stage('nfs-mounted') : stage('no-agent-hello', BOOT_LIMITS.helloMs);
    case 'off':
    case 'running':
    case 'hung':
      return stage('none');
  }
}

function nfsOf(world: World, node: SimNode): NodeSight['nfs'] {
  if (node.phase !== 'running') return 'idle';
  return world.serves(node) ? 'active' : 'stalled';
}

export function linkOf(world: World, node: SimNode): NodeSight['link'] {
  return world.hasPower(node) && node.board !== 'dead' && node.board !== 'cable' ? 'up' : 'down';
}

export function powerOf(world: World, node: SimNode): NodeSight['power'] {
  if (node.isShed) return 'shed';
  if (!world.hasPower(node)) return 'off';
  if (node.board === 'dead' || node.board === 'cable') return 'zero';
  return node.phase === 'running' || node.phase === 'hung' || node.phase === 'kernel' || node.phase === 'no-hello'
    ? 'normal'
    : 'low';
}
