import type { PiSpec } from '../../agent/demo/pi-spec.js';
import { renderNetDev } from '../../agent/demo/proc-files.js';
import type { SimulatedMachine } from '../../agent/demo/simulated-machine.js';
import type { Exec, ExecResult, FilesystemStat, KernelFiles } from '../../agent/kit/host/ports.js';
import { SimKernelFiles } from '../../agent/sim/sim-kernel-files.js';
import { parseStanzas } from '../../proto/contract/switch/parse-interfaces.js';
import { renderPortFiles, renderPortTraffic } from './port-files.js';
import { renderBridgeAddresses, renderBridgeVlans, renderNeighbors, renderPoe } from './port-programs.js';
import { type PortState, portStates } from './port-state.js';
import { demoPlan } from './switch-spec.js';

/** What the board under a switch has, and a Pi has not, or otherwise. */
const NOT_OF_A_SWITCH = /wlan0|linux,revision|bootloader|get_throttled|hwmon1|bcm2835/;

const SUPPLIES = JSON.stringify(['PSU1', 'PSU2'].map((name) => ({ name, type: 'power', state: 'OK' })));

const OWN_FILES = {
  '/etc/os-release': 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n',
  '/proc/sys/kernel/osrelease': '6.1.0-28-armmp\n',
  '/proc/cpuinfo': 'processor\t: 0\nprocessor\t: 1\nHardware\t: Broadcom iProc\n',
} as const;

/** Ports with power, links and a bridge, that are not there. Everything about them is asked here, as of hardware. */
export class SimulatedSwitch implements KernelFiles, Exec {
  readonly #machine: SimulatedMachine;
  readonly #pis: readonly PiSpec[];
  readonly portNames: readonly string[];
  readonly #nowMs: () => number;
  /** Told of every order to the ports' power, and waited for. */
  onPower: () => Promise<void> = async () => undefined;
  /** Programs that every board has. */
  #programs: Exec | undefined;
  #loaded = '';
  #unpowered: ReadonlySet<string> = new Set();
  #linksDown: ReadonlySet<string> = new Set();
  #unplugged: ReadonlySet<string> = new Set();
  /** Content of the file that ifupdown2 reads. */
  #live = '';
  readonly #carrierChanges = new Map<string, number>();
  #ports: readonly PortState[] = [];
  #files = new SimKernelFiles();

  constructor(machine: SimulatedMachine, pis: readonly PiSpec[], nowMs: () => number) {
    this.#machine = machine;
    this.#pis = pis;
    this.#nowMs = nowMs;
    this.portNames = demoPlan([]).ports.map(({ name }) => name);
    this.#changed();
  }

  /** Names of the boards whose ports give no power. */
  get unpoweredBoards(): readonly string[] {
    return this.#ports.flatMap(({ pi, isPowered }) => (pi === undefined || isPowered ? [] : [pi.name]));
  }

  get unpoweredPorts(): readonly string[] {
    return [...this.#unpowered].sort();
  }

  set unpoweredPorts(ports: readonly string[]) {
    this.#unpowered = new Set(ports.filter((port) => this.portNames.includes(port)));
    this.#changed();
  }

  /** Boards that do not hold their link. */
  set linksDown(names: ReadonlySet<string>) {
    if (isSame(names, this.#linksDown)) return;
    this.#linksDown = names;
    this.#changed();
  }

  /** Boards whose plug somebody has pulled. */
  set unplugged(names: ReadonlySet<string>) {
    if (isSame(names, this.#unplugged)) return;
    this.#unplugged = names;
    this.#changed();
  }

  /** What is in the file; ifreload makes it so. */
  set live(text: string) {
    this.#live = text;
  }

  /** A switch that starts loads its file. */
  load(): void {
    this.#loaded = this.#live;
    this.#changed();
  }

  /** Beside its own, the programs that its system has. */
  with(programs: Exec): this {
    this.#programs = programs;
    return this;
  }

  readText(path: string): string | undefined {
    return this.#files.readText(path) ?? (NOT_OF_A_SWITCH.test(path) ? undefined : this.#board.readText(path));
  }

  list(path: string): readonly string[] | undefined {
    if (NOT_OF_A_SWITCH.test(path)) return this.#files.list(path);
    const names = [this.#files.list(path), this.#board.list(path)].flatMap((each) => each ?? []);
    const own = names.filter((name) => !NOT_OF_A_SWITCH.test(`${path}/${name}`));
    return own.length === 0 ? undefined : [...new Set(own)].sort();
  }

  statFilesystem(mountPoint: string): FilesystemStat | undefined {
    return this.#board.statFilesystem(mountPoint);
  }

  async run(argv: readonly [string, ...string[]], limits: Parameters<Exec['run']>[1]): Promise<ExecResult> {
    const own = this.#answer(argv);
    if (argv[0] === 'poectl') await this.onPower();
    if (own !== undefined) return { status: 0, stdout: own, stderr: '' };
    if (this.#programs === undefined) return { status: 1, stdout: '', stderr: `no program ${argv[0]}` };
    return this.#programs.run(argv, limits);
  }

  get #board(): KernelFiles {
    return this.#machine.kernel;
  }

  #answer([program, ...words]: readonly [string, ...string[]]): string | undefined {
    switch (program) {
      case 'bridge':
        return words.includes('vlan') ? renderBridgeVlans(this.#ports) : renderBridgeAddresses(this.#ports);
      case 'lldpcli':
        return renderNeighbors(this.#ports);
      case 'poectl':
        return this.#poectl(words);
      case 'smonctl':
        return SUPPLIES;
      case 'mstpctl':
        return '';
      case 'ifup': // only ever asked whether it would take a file
        return '';
      case 'ifreload':
        this.load();
        return '';
      case 'ifquery':
        return this.#ifquery();
      default:
        return undefined;
    }
  }

  #poectl([option = '', port = '']: readonly string[]): string {
    if (option === '-a') return renderPoe(this.#ports);
    if (option === '-i') return renderPoe(this.#ports.filter(({ name }) => name === port));
    const others = this.unpoweredPorts.filter((each) => each !== port);
    this.unpoweredPorts = option === '-d' ? [...others, port] : others;
    return '';
  }

  /** Every interface of the file, failed where the kernel has another. */
  #ifquery(): string {
    const of = (text: string) => new Map(parseStanzas(text).map((stanza) => [stanza.name, JSON.stringify(stanza)]));
    const loaded = of(this.#loaded);
    const rows = [...of(this.#live)].map(([name, text]) => ({
      ...{ name, config: {}, config_status: {} },
      status: loaded.get(name) === text ? 'pass' : 'fail',
    }));
    return JSON.stringify(rows);
  }

  #changed(): void {
    const before = new Map(this.#ports.map(({ name, isLinkUp }) => [name, isLinkUp]));
    this.#ports = portStates({
      ...{ pis: this.#pis, loaded: this.#loaded, portNames: this.portNames },
      ...{ unpowered: this.#unpowered, linksDown: this.#linksDown, unplugged: this.#unplugged },
    });
    for (const { name, isLinkUp } of this.#ports) {
      const changes = this.#carrierChanges.get(name) ?? 0;
      if ((before.get(name) ?? false) !== isLinkUp) this.#carrierChanges.set(name, changes + 1);
    }
    const files = this.#ports.flatMap((port) =>
      Object.entries(renderPortFiles(port, this.#carrierChanges.get(port.name) ?? 0)),
    );
    this.#files = new SimKernelFiles({
      ...OWN_FILES,
      ...Object.fromEntries(files),
      '/proc/self/net/dev': () => {
        const { spec, state, boot } = this.#machine;
        const own = renderNetDev(spec, state).replace(/^ *wlan0.*\n/m, '');
        return own + renderPortTraffic(this.#ports, (this.#nowMs() - boot.bootedAtMs) / 1_000);
      },
    });
  }
}

function isSame(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && [...a].every((name) => b.has(name));
}
