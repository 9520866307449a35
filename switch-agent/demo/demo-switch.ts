import { readBreaks } from '../../agent/demo/breaks.js';
import { type CableFiles, NamesFile, readNames } from '../../agent/demo/cables.js';
import { type DemoAgent, DemoNode, newBoot } from '../../agent/demo/demo-node.js';
import { bootedMachine } from '../../agent/demo/machine.js';
import { DEMO_POLICY } from '../../agent/demo/machine-programs.js';
import { sitePis } from '../../agent/demo/pi-spec.js';
import { SimulatedMachine } from '../../agent/demo/simulated-machine.js';
import { parseSiteMemory, saveSiteMemory } from '../../agent/demo/site-file.js';
import type { JoinFile } from '../../agent/kit/enroll/join.js';
import type { Host } from '../../agent/kit/host/ports.js';
import { errorFields, type Log } from '../../agent/kit/log.js';
import { seededRandom } from '../../proto/contract/random.js';
import { renderInterfaces } from '../../proto/contract/switch/render-interfaces.js';
import { makeSwitchProgram } from '../actuator/program.js';
import { switchCollectors } from '../collectors/index.js';
import { switchHandlers } from '../commands/index.js';
import { makeSimulatedActuator, type SwitchDisk } from './simulated-actuator.js';
import { SimulatedSwitch } from './simulated-switch.js';
import { demoPlan, SWITCH_POLICY, SWITCH_SPEC } from './switch-spec.js';

const TICK_MS = 1_000;
/** A switch that is first seen has been up for so long. */
const UPTIME_MS = 211 * 86_400_000;

export interface DemoSwitchOptions {
  /** How many Pis the site has; `seed` says which. */
  readonly pis: number;
  readonly seed: number;
  /** Of the site: this switch has a directory of its own in it. */
  readonly stateDir: string;
  readonly cables: CableFiles;
  /** What visitors have broken; absent = they cannot. */
  readonly breaksFile?: string | undefined;
  readonly join: JoinFile | undefined;
  readonly real: Pick<Host, 'clock' | 'files' | 'gzip' | 'keys' | 'net' | 'random'>;
  readonly log: Log;
  readonly tidyMemory: () => void;
}

/** The switch of the demo site. Resolves when the signal has aborted and its agent has ended. */
export async function runDemoSwitch(options: DemoSwitchOptions, signal: AbortSignal): Promise<void> {
  const { real, stateDir, log, join, tidyMemory, cables } = options;
  const { clock, files } = real;
  const spec = SWITCH_SPEC;
  const own = `${stateDir}/${spec.name}`;
  const paths = { machine: `${stateDir}/machines-sw.json`, ports: `${own}/unpowered.json` };
  const nowMs = clock.nowMs();
  const known = parseSiteMemory(await files.readText(paths.machine), bootedMachine(spec, 0, 0))[spec.name];
  const boot = known?.boot ?? newBoot(nowMs - UPTIME_MS, real.random, true);
  const deps = { clock, random: seededRandom(options.seed ^ nowMs) };
  const machine = new SimulatedMachine(spec, boot, deps, known?.state);
  const pis = sitePis(options.seed, options.pis);
  const hardware = new SimulatedSwitch(machine, pis, () => clock.nowMs());
  hardware.unpoweredPorts = [...(await readNames(files, [paths.ports]))];
  const disk = await makeSimulatedActuator({
    ...real,
    hardware,
    dir: `${own}/switch`,
    bootId: () => machine.boot.bootId,
  });
  await disk.begin(renderInterfaces(demoPlan(pis)));
  const save = async (): Promise<void> => {
    const memory = { [spec.name]: { boot: machine.boot, state: machine.state } };
    await saveSiteMemory(files, paths.machine, memory).catch((error: unknown) => {
      log.warn(errorFields(error), 'the switch is not remembered');
    });
  };
  const agent = makeSwitchAgent(hardware, disk, log, signal);
  const onBoot = (): void => {
    hardware.load();
    void save();
  };
  const node = new DemoNode({ machine, agent, real, join, log, onBoot, tidyMemory, stateDir: own, bootLog: undefined });
  await save();
  const power = new NamesFile(files, cables.powerFile, log);
  const ports = new NamesFile(files, paths.ports, log);
  // Hardware forgets nothing: what is off stays off when this program is killed.
  hardware.onPower = async () => {
    await ports.write(hardware.unpoweredPorts);
    await power.write(hardware.unpoweredBoards);
  };
  await hardware.onPower();
  const connect = async (): Promise<void> => {
    while (!signal.aborted) {
      hardware.linksDown = await readNames(files, cables.linkFiles);
      const breaks = await readBreaks(files, options.breaksFile);
      hardware.unplugged = new Set(breaks.flatMap(({ kind, name }) => (kind === 'pull-plug' ? [name] : [])));
      node.setBreaks(breaks);
      await clock.sleep(TICK_MS, signal).catch(() => undefined); // the site ends
    }
  };
  await Promise.all([node.run(signal), connect()]);
  await save();
}

function makeSwitchAgent(hardware: SimulatedSwitch, disk: SwitchDisk, log: Log, siteEnds: AbortSignal): DemoAgent {
  const program = makeSwitchProgram({
    makeHost: () => disk.host((duty) => keep(duty)),
    readPolicy: async () => JSON.stringify(SWITCH_POLICY),
  });
  /** On a real switch a process of its own; here it lives as long as the switch. */
  const keep = (duty: string): void => {
    const tell = (words: string): void => log.warn({}, words);
    void program.keep(duty, tell, siteEnds).catch((error: unknown) => {
      if (!siteEnds.aborted) log.error(errorFields(error), 'what was open on the switch is kept by nobody');
    });
  };
  keep('');
  const orders = program.orders();
  return {
    kind: 'switch',
    collectors: (probe) => switchCollectors(probe, { otherRoot: undefined }),
    watches: undefined,
    handlers: switchHandlers(DEMO_POLICY),
    units: [],
    equip: (host) => ({
      ...host,
      kernel: hardware,
      exec: hardware.with(host.exec),
      machine: { ...host.machine, own: orders },
    }),
  };
}
