import { type Random, seededRandom } from '../../proto/contract/random.js';
import type { JoinFile } from '../kit/enroll/join.js';
import type { Host, HostClock } from '../kit/host/ports.js';
import { errorFields, type Log } from '../kit/log.js';
import { BootLog } from './boot-log.js';
import { readBreaks } from './breaks.js';
import { type CableFiles, NamesFile, readNames } from './cables.js';
import { DemoNode, newBoot } from './demo-node.js';
import { bootedMachine } from './machine.js';
import { datedSteps, planBoot } from './network-boot.js';
import { makePiAgent } from './pi-agent.js';
import { makePiSpec, type PiSpec } from './pi-spec.js';
import { type Boot, SimulatedMachine } from './simulated-machine.js';
import { parseSiteMemory, type SiteMemory, saveSiteMemory } from './site-file.js';
import { planTrouble } from './trouble.js';

const TICK_MS = 2_000;
/** Nothing goes wrong before everybody has come up. */
const CALM_START_MS = 20_000;
/** Between the starts of two Pis: a whole site at once would only wait for itself, ms. */
const START_GAP_MS = 60;
const SAVE_MS = 60_000;
/** A Pi that is first seen has been up for up to this long. */
const UPTIME_MS_MAX = 40 * 86_400_000;
const UPTIME_MS_MIN = 3_600_000;
/** What boots over the network has been up for no longer than this, so that a new site has boots to show. */
const SHELF_ON_MS = [2_000, 40_000] as const;

export interface DemoSiteOptions {
  /** Number of the first Pi, from 0: other processes may run the others of the site. */
  readonly first: number;
  /** How many Pis. */
  readonly pis: number;
  /** The same seed gives the same Pis. */
  readonly seed: number;
  /** Holds the state of every agent, in a directory of its own, and what the site remembers. */
  readonly stateDir: string;
  /** The fileserver's log of boots; absent = the site has no fileserver. */
  readonly bootLogFile: string | undefined;
  /** To its switch; absent = the site has none. */
  readonly cables: CableFiles | undefined;
  /** What visitors have broken; absent = they cannot. */
  readonly breaksFile?: string | undefined;
  /** Pis whose system stands still are written here: what they do not ask for any more, their fileserver does not hear. */
  readonly stillFiles?: readonly string[] | undefined;
  /** Pis whose root panics, as the fileserver says; absent = none does. */
  readonly rootsFile?: string | undefined;
  readonly join: JoinFile | undefined;
  readonly real: Pick<Host, 'clock' | 'files' | 'gzip' | 'keys' | 'net' | 'random'>;
  /** Makes the log of one Pi. */
  readonly logOf: (pi: string) => Log;
  readonly tidyMemory: () => void;
  /** Without trouble the site is only busy. */
  readonly hasTroubles: boolean;
}

/** Simulated Pis with real agents: a site, or a part of one. Resolves when the signal has aborted and every agent has ended. */
export async function runDemoSite(options: DemoSiteOptions, signal: AbortSignal): Promise<void> {
  const { real, stateDir, first, seed, logOf } = options;
  const memoryPath = `${stateDir}/machines-${first}.json`;
  const sample = bootedMachine(makePiSpec(seed, 0), 0, 0);
  const memory = parseSiteMemory(await real.files.readText(memoryPath), sample);
  const pis: DemoNode[] = [];
  const log = logOf('');
  const bootLog = options.bootLogFile === undefined ? undefined : new BootLog(real.files, options.bootLogFile, log);
  let saved = Promise.resolve();
  const save = (): void => {
    const now: SiteMemory = Object.fromEntries(
      pis.map(({ machine: { spec, boot, state } }) => [spec.name, { boot, state }]),
    );
    saved = saved
      .then(() => saveSiteMemory(real.files, memoryPath, now))
      .catch((error: unknown) => {
        log.warn(errorFields(error), 'the machines of the site are not remembered');
      });
  };
  const site: PartOfSite = { options, memory, bootLog, onBoot: save };
  for (let index = 0; index < options.pis; index++) pis.push(makePi(site, first + index));
  save();
  const runs = pis.map(async (pi, index) => {
    await real.clock.sleep(index * START_GAP_MS, signal).catch(() => undefined); // the site ends
    await pi.run(signal);
  });
  await Promise.all([
    ...runs,
    rememberNowAndThen(real.clock, save, signal),
    live(pis, options, seededRandom(seed ^ first ^ real.clock.nowMs()), signal),
    options.cables && connect(pis, options.cables, { options, log }, signal),
  ]);
  save();
  await Promise.all([saved, bootLog?.close()]);
}

interface PartOfSite {
  readonly options: DemoSiteOptions;
  readonly memory: SiteMemory;
  readonly bootLog: BootLog | undefined;
  readonly onBoot: () => void;
}

function makePi({ options, memory, bootLog, onBoot }: PartOfSite, index: number): DemoNode {
  const { real, seed, stateDir, join, logOf, tidyMemory } = options;
  const spec = makePiSpec(seed, index);
  const random = seededRandom(seed * 31 + index + (real.clock.nowMs() % 1_000_000));
  const known = memory[spec.name];
  const isSeen = spec.card === undefined && bootLog !== undefined;
  const boot =
    known?.boot ??
    (isSeen
      ? recentBoot(spec, bootLog, { nowMs: real.clock.nowMs(), random, realRandom: real.random })
      : earlierBoot(real.clock.nowMs(), random, real.random));
  return new DemoNode({
    ...{ real, join, bootLog, onBoot, log: logOf(spec.name), stateDir: `${stateDir}/${spec.name}` },
    agent: makePiAgent(),
    machine: new SimulatedMachine(spec, boot, { clock: real.clock, random }, known?.state),
    tidyMemory: index === options.first ? tidyMemory : () => undefined, // they share one heap
  });
}

function earlierBoot(nowMs: number, random: Random, realRandom: Random): Boot {
  const uptimeMs = UPTIME_MS_MIN + (UPTIME_MS_MAX - UPTIME_MS_MIN) * random.unit() ** 2;
  return newBoot(nowMs - Math.round(uptimeMs), realRandom, true);
}

/** Of a shelf that was switched on shortly before anybody looked. */
function recentBoot(
  spec: PiSpec,
  bootLog: BootLog,
  at: { readonly nowMs: number; readonly random: Random; readonly realRandom: Random },
): Boot {
  const { nowMs, random, realRandom } = at;
  const [newest, oldest] = SHELF_ON_MS;
  const upAtMs = Math.round(nowMs - newest - (oldest - newest) * random.unit());
  let bootedAtMs = upAtMs;
  for (const { atMs, lines, startsKernel } of datedSteps(planBoot(spec, random), upAtMs)) {
    bootLog.write(lines, atMs);
    if (startsKernel === true) bootedAtMs = atMs;
  }
  return newBoot(bootedAtMs, realRandom, true);
}

/** What a killed process loses of its machines' counters is no more than this. */
async function rememberNowAndThen(clock: HostClock, save: () => void, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(SAVE_MS, signal).then(save, () => undefined); // the site ends, and saves once more
  }
}

/** Does what the ports of the switch do, and shows it the links. */
async function connect(
  pis: readonly DemoNode[],
  { powerFile, linkFiles }: CableFiles,
  { options, log }: { readonly options: DemoSiteOptions; readonly log: Log },
  signal: AbortSignal,
): Promise<void> {
  const { real, breaksFile, stillFiles = [], rootsFile } = options;
  const stills = stillFiles.map((path) => new NamesFile(real.files, path, log));
  const links = linkFiles.map((path) => new NamesFile(real.files, path, log));
  while (!signal.aborted) {
    const unpowered = await readNames(real.files, [powerFile]);
    const breaks = await readBreaks(real.files, breaksFile);
    const panicking = rootsFile === undefined ? new Set() : await readNames(real.files, [rootsFile]);
    for (const pi of pis) {
      pi.setRoot(panicking.has(pi.machine.spec.name));
      pi.setPower(!unpowered.has(pi.machine.spec.name));
      pi.setBreaks(breaks);
    }
    const down = pis.filter(({ isLinkUp }) => !isLinkUp).map(({ machine }) => machine.spec.name);
    for (const link of links) await link.write(down);
    const still = pis.filter(({ isStill }) => isStill).map(({ machine }) => machine.spec.name);
    for (const file of stills) await file.write(still);
    await real.clock.sleep(TICK_MS, signal).catch(() => undefined); // the site ends
  }
}

/** Lets trouble come and go. */
async function live(
  pis: readonly DemoNode[],
  { real, hasTroubles }: DemoSiteOptions,
  random: Random,
  signal: AbortSignal,
): Promise<void> {
  const calmUntilMs = real.clock.monotonicMs() + CALM_START_MS;
  while (!signal.aborted) {
    await real.clock.sleep(TICK_MS, signal).catch(() => undefined); // the site ends
    if (signal.aborted) return;
    for (const { machine } of pis) machine.tick();
    if (!hasTroubles || real.clock.monotonicMs() < calmUntilMs) continue;
    const planned = pis.map(({ machine }) => ({ spec: machine.spec, trouble: machine.trouble }));
    const plan = planTrouble(planned, { nowMs: real.clock.nowMs(), elapsedMs: TICK_MS, random });
    if (plan !== undefined) pis[plan.index]?.begin(plan.trouble);
  }
}
