/**
 * Mistakes that somebody could make in the agents' kit, planted below it one at a time, in a fleet whose agents die all the
 * time: if the simulation does not find one of them, it would not find its like either.
 */

import { expect, test } from 'vitest';
import type { Files, LogFile } from '../../agent/kit/host/ports.js';
import { buildTopology } from '../../controller/domain/testing/fleet.js';
import type { Plant } from '../sim/whole/fleet-agent.js';
import { WholeFleet } from '../sim/whole/whole-fleet.js';

const [SECOND_MS, MINUTE_MS] = [1_000, 60_000];
const MINUTES = 10 * MINUTE_MS;
const POLICY = 'name: sim\nversion: 1\nmode: enforce\n';
const SEEDS = 20;
const TROUBLE_S = 900;
/** Of six fileservers and switches one dies every so often. */
const DEATH_EVERY_S = 5;
const OBSERVERS = 6;
/** Some Pis hang, of others the boot files are gone: both have their fileserver look for them. */
const HUNG = [2, 9, 17];
const LOST = [3, 11];

const isLedger = (path: string): boolean => path.endsWith('/ledger');

function withFiles(change: (files: Files) => Partial<Files>): Plant {
  return (host) => {
    const { files } = host;
    const unchanged: Files = {
      readText: (path) => files.readText(path),
      writeAtomic: (path, content, mode) => files.writeAtomic(path, content, mode),
      openLog: (path) => files.openLog(path),
      remove: (path) => files.remove(path),
    };
    return { ...host, files: { ...unchanged, ...change(files) } };
  };
}

const withLedger = (change: (log: LogFile) => Partial<LogFile>): Plant =>
  withFiles((files) => ({
    async openLog(path) {
      const log = await files.openLog(path);
      return isLedger(path) ? { ...log, ...change(log) } : log;
    },
  }));

const BUGS: readonly { readonly name: string; readonly plant: Plant }[] = [
  { name: 'the ledger is not synced', plant: withLedger(() => ({ sync: async () => undefined })) },
  {
    name: 'what is begun is written down while it is done, and not before',
    plant: withLedger((log) => ({
      async append(bytes) {
        void log.append(bytes);
      },
      sync: async () => undefined,
    })),
  },
];

/** Power is cut and boot paths are looked at, by agents that die meanwhile. */
async function play(seed: number, plant: Plant): Promise<readonly string[]> {
  const fleet = await WholeFleet.start(seed, { topology: buildTopology(), policy: POLICY, plant });
  await fleet.runUntil(10 * MINUTE_MS);
  for (const node of HUNG) fleet.trouble.strike('hang', node);
  for (const node of LOST) fleet.trouble.strike('boot-dir-missing', node);
  for (let s = 0; s < TROUBLE_S; s += DEATH_EVERY_S) {
    const observer = fleet.agents.length - 1 - ((s / DEATH_EVERY_S) % OBSERVERS);
    fleet.timeline.after(s * SECOND_MS, () => fleet.crashAgent(observer));
  }
  await fleet.runUntil(40 * MINUTE_MS);
  await fleet.finish();
  const told = fleet.referee.violations.map(({ invariant }) => invariant);
  await fleet.store.close();
  return told;
}

test.for(BUGS)('found: $name', { timeout: MINUTES }, async ({ plant }) => {
  for (let seed = 1; seed <= SEEDS; seed++) if ((await play(seed, plant)).includes('I1')) return;
  expect.fail(`not found within ${SEEDS} seeds`);
});

test('the kit itself, in the same runs, breaks nothing', { timeout: MINUTES }, async () => {
  for (const seed of [1, 2]) expect([seed, await play(seed, (host) => host)]).toEqual([seed, []]);
});
