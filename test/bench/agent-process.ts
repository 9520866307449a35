import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { by } from '../../controller/usecases/testing/by.js';
import { unitFlags } from '../setup/unit-flags.js';
import { Child } from './child.js';
import type { Rig } from './rig.js';

const BUNDLES = { pi: 'bramble-agent.mjs', fileserver: 'bramble-fileserver-agent.mjs' } as const;

const bundleOf = (kind: keyof typeof BUNDLES): string =>
  join(dirname(fileURLToPath(import.meta.url)), '..', BUNDLES[kind]);

export const AGENT_BUNDLE = bundleOf('pi');

/**
 * Starts an agent's bundle, which enrols with the rig for real.
 * @param enter makes the command run where it shall look around
 */
export async function startAgent(
  rig: Rig,
  kind: keyof typeof BUNDLES = 'pi',
  enter = (argv: readonly string[]) => argv,
): Promise<Child> {
  const create = { site: 'bench', kind, ttlMs: 3_600_000, uses: 1, preApproved: true } as const;
  const { token } = await rig.controller.api.createToken(create, by('admin:bench'));
  const config = join(rig.dir, 'agent.yaml');
  const join_ = { controller: `127.0.0.1:${rig.enrolPort}`, pin: rig.rootPin, token };
  const settings = { stateDir: join(rig.dir, 'agent'), join: join_, services: 'none', logLevel: 'warn' };
  writeFileSync(config, JSON.stringify(settings), { mode: 0o600 });
  return new Child(enter([process.execPath, ...unitFlags(), bundleOf(kind), 'run', '--config', config]));
}

/** Reports that the rig has taken in so far. */
export function reportsSeen(rig: Rig): number {
  return rig.controller.core.counters()['reports_total'] ?? 0;
}

export async function untilReports(rig: Rig, count: number): Promise<void> {
  const untilMs = performance.now() + 120_000;
  while (reportsSeen(rig) < count) {
    if (performance.now() > untilMs) throw new Error(`only ${reportsSeen(rig)} of ${count} reports came`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
