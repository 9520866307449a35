import { readBreaks } from '../../agent/demo/breaks.js';
import { NamesFile, readNames } from '../../agent/demo/cables.js';
import { type DemoAgent, DemoNode, newBoot } from '../../agent/demo/demo-node.js';
import { bootedMachine } from '../../agent/demo/machine.js';
import { DEMO_POLICY } from '../../agent/demo/machine-programs.js';
import { sitePis } from '../../agent/demo/pi-spec.js';
import { SimulatedMachine } from '../../agent/demo/simulated-machine.js';
import { parseSiteMemory, saveSiteMemory } from '../../agent/demo/site-file.js';
import type { JoinFile } from '../../agent/kit/enroll/join.js';
import type { LocalTime, LogTail } from '../../agent/kit/host/log-tail.js';
import type { Host } from '../../agent/kit/host/ports.js';
import { errorFields, type Log } from '../../agent/kit/log.js';
import { BrambleError } from '../../proto/contract/errors.js';
import { type Random, seededRandom } from '../../proto/contract/random.js';
import { BOOT_UNITS } from '../collectors/boot-services.js';
import { fileserverCollectors } from '../collectors/index.js';
import type { AskedImages } from '../commands/images.js';
import { fileserverHandlers } from '../commands/index.js';
import type { FollowedSources } from '../sources.js';
import { siteExports } from './exports.js';
import { ServerKernel } from './server-kernel.js';
import { FILESERVER_SPEC } from './server-spec.js';
import { SimulatedStorage } from './simulated-storage.js';
import { SiteRoots } from './site-roots.js';
import { SiteTraffic } from './site-traffic.js';
import { makeStorageMachine } from './storage-machine.js';
import { installedStorage, parseStorage } from './storage-state.js';

const TICK_MS = 2_000;
/** Nothing happens to the disks before everybody has come up. */
const CALM_START_MS = 60_000;
const SAVE_MS = 60_000;
/** A fileserver that is first seen has been up for so long. */
const UPTIME_MS = 23 * 86_400_000;
const KERNEL_WARNING = 4;

/** The simulated site has its images from the beginning. */
const NO_IMAGES: AskedImages = {
  find: async () => undefined,
  standing: async () => undefined,
  leave: async () => undefined,
  want: () => Promise.reject(new BrambleError('unsupported', 'the demo site keeps no images')),
  forget: () => Promise.reject(new BrambleError('unsupported', 'the demo site keeps no images')),
};

export interface DemoFileserverOptions {
  /** How many Pis the site has; `seed` says which. */
  readonly pis: number;
  readonly seed: number;
  /** Of the site: this fileserver has a directory of its own in it. */
  readonly stateDir: string;
  /** The real file behind the log of its dnsmasq. */
  readonly bootLogFile: string | undefined;
  /** What visitors have broken; absent = they cannot. */
  readonly breaksFile?: string | undefined;
  /** Pis whose system stands still. */
  readonly stillFiles?: readonly string[] | undefined;
  /** Written here: Pis whose root panics. */
  readonly rootsFile?: string | undefined;
  readonly join: JoinFile | undefined;
  readonly real: Pick<Host, 'clock' | 'files' | 'gzip' | 'keys' | 'net' | 'random'>;
  readonly tail: LogTail;
  readonly log: Log;
  readonly tidyMemory: () => void;
  /** Without trouble its disks are only checked now and then. */
  readonly hasTroubles: boolean;
}

/** The fileserver of the demo site. Resolves when the signal has aborted and its agent has ended. */
export async function runDemoFileserver(options: DemoFileserverOptions, signal: AbortSignal): Promise<void> {
  const { real, stateDir, log, join, tidyMemory } = options;
  const { clock, files } = real;
  const paths = {
    machine: `${stateDir}/machines-fs.json`,
    storage: `${stateDir}/storage.json`,
    roots: `${stateDir}/roots.json`,
  };
  const nowMs = clock.nowMs();
  const random = seededRandom(options.seed ^ nowMs);
  const spec = FILESERVER_SPEC;
  const known = parseSiteMemory(await files.readText(paths.machine), bootedMachine(spec, 0, 0))[spec.name];
  const boot = known?.boot ?? newBoot(nowMs - UPTIME_MS, real.random, true);
  const machine = new SimulatedMachine(spec, boot, { clock, random }, known?.state);
  const storage = new SimulatedStorage(
    parseStorage(await files.readText(paths.storage)) ?? installedStorage(nowMs),
    () => clock.nowMs(),
    (line) => machine.kernelLog.write(line, KERNEL_WARNING),
  );
  let saved = Promise.resolve();
  const save = (): void => {
    const { boot: bootNow, state } = machine;
    saved = saved
      .then(() => saveSiteMemory(files, paths.machine, { [spec.name]: { boot: bootNow, state } }))
      .then(() => files.writeAtomic(paths.storage, `${JSON.stringify(storage.state)}\n`))
      .catch((error: unknown) => {
        log.warn(errorFields(error), 'the disks of the fileserver are not remembered');
      });
  };
  const onBoot = (): void => {
    storage.reboot();
    save();
  };
  const own = `${stateDir}/${spec.name}`;
  const traffic = new SiteTraffic(sitePis(options.seed, options.pis), () => clock.nowMs());
  const roots = new SiteRoots(await files.readText(paths.roots), sitePis(options.seed, options.pis), (text) => {
    saved = saved
      .then(() => files.writeAtomic(paths.roots, text))
      .catch((error: unknown) => {
        log.warn(errorFields(error), 'the roots of the fileserver are not remembered');
      });
  });
  const agent = makeFileserverAgent(options, { machine, storage, traffic, roots, stateDir: own });
  const node = new DemoNode({ machine, agent, real, join, log, onBoot, tidyMemory, stateDir: own, bootLog: undefined });
  save();
  await Promise.all([
    node.run(signal),
    live(storage, { options, random, save }, signal),
    suffer({ node, storage, traffic, roots }, options, signal),
  ]);
  save();
  await saved;
}

interface Simulated {
  readonly machine: SimulatedMachine;
  readonly storage: SimulatedStorage;
  readonly traffic: SiteTraffic;
  readonly roots: SiteRoots;
  readonly stateDir: string;
}

function makeFileserverAgent(
  options: DemoFileserverOptions,
  { machine, storage, traffic, roots, stateDir }: Simulated,
): DemoAgent {
  const { real, seed } = options;
  const pis = sitePis(seed, options.pis);
  const exports = siteExports(pis);
  const nowMs = (): number => real.clock.nowMs();
  const isFull = (): boolean => storage.isFull;
  const kernel = new ServerKernel({ machine, pis, exports, nowMs, isFull, storage: () => storage.state });
  const sources = makeSources(options);
  return {
    kind: 'fileserver',
    collectors: (probe) => fileserverCollectors(probe, { sources, stateDir }),
    handlers: fileserverHandlers(DEMO_POLICY, NO_IMAGES),
    units: Object.values(BOOT_UNITS),
    equip: (host) => ({
      ...host,
      kernel,
      machine: makeStorageMachine(
        {
          ...{ exports, traffic, storage: () => storage.state, order: (order) => storage.order(order) },
          roots: (order) => roots.order(order),
        },
        host.machine,
      ),
    }),
  };
}

/** Does what visitors break and mend, and listens who still asks for its root. */
async function suffer(
  { node, storage, traffic, roots }: Pick<Simulated, 'storage' | 'traffic' | 'roots'> & { readonly node: DemoNode },
  { real: { clock, files }, breaksFile, stillFiles = [], rootsFile, log }: DemoFileserverOptions,
  signal: AbortSignal,
): Promise<void> {
  const panicking = rootsFile === undefined ? undefined : new NamesFile(files, rootsFile, log);
  let failed: ReadonlySet<number> = new Set();
  while (!signal.aborted) {
    const breaks = await readBreaks(files, breaksFile);
    node.setBreaks(breaks);
    storage.isFull = breaks.some(({ kind }) => kind === 'fill-export');
    const now = new Set(breaks.flatMap(({ kind, id }) => (kind === 'fail-disk' ? [id] : [])));
    if ([...now].some((id) => !failed.has(id))) storage.fail();
    if ([...failed].some((id) => !now.has(id))) storage.callSomebody();
    failed = now;
    if (!breaks.some(({ kind }) => kind === 'bad-image')) roots.tidy();
    await panicking?.write(roots.panicking);
    traffic.still = await readNames(files, stillFiles);
    await clock.sleep(TICK_MS, signal).catch(() => undefined); // the site ends
  }
}

/** Its log is a real file, under another name; nobody sends it datagrams. */
function makeSources({ tail, bootLogFile }: DemoFileserverOptions): FollowedSources {
  return {
    tail: { read: async (_, from) => (bootLogFile === undefined ? undefined : tail.read(bootLogFile, from)) },
    localTime: utcTime,
    datagrams: {
      listen: (_port, _onDatagram, signal) =>
        new Promise((resolve) => {
          if (signal.aborted) resolve();
          else signal.addEventListener('abort', () => resolve(), { once: true });
        }),
    },
  };
}

/** The simulated fileserver keeps UTC, wherever this process runs. */
const utcTime: LocalTime = ({ year, month, day, hour, minute, second }, nearMs) => {
  const at = (inYear: number): number => Date.UTC(inYear, month - 1, day, hour, minute, second);
  if (year !== undefined) return at(year);
  const near = new Date(nearMs).getUTCFullYear();
  const candidates = [near - 1, near, near + 1].map(at);
  return candidates.reduce((best, each) => (Math.abs(each - nearMs) < Math.abs(best - nearMs) ? each : best));
};

/** Lets happen to the disks what happens by itself, and remembers them now and then. */
async function live(
  storage: SimulatedStorage,
  {
    options,
    random,
    save,
  }: { readonly options: DemoFileserverOptions; readonly random: Random; readonly save: () => void },
  signal: AbortSignal,
): Promise<void> {
  const { clock } = options.real;
  const calmUntilMs = clock.monotonicMs() + CALM_START_MS;
  let saveAtMs = clock.monotonicMs() + SAVE_MS;
  while (!signal.aborted) {
    await clock.sleep(TICK_MS, signal).catch(() => undefined); // the site ends
    if (signal.aborted) return;
    const nowMs = clock.monotonicMs();
    if (nowMs >= calmUntilMs) storage.live({ elapsedMs: TICK_MS, random, hasTroubles: options.hasTroubles });
    if (nowMs < saveAtMs) continue;
    save();
    saveAtMs = nowMs + SAVE_MS;
  }
}
