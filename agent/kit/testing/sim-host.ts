import { assert } from '../../../proto/contract/assert.js';
import { type SimKernelFile, SimKernelFiles } from '../../sim/sim-kernel-files.js';
import { SimKernelLog } from '../../sim/sim-kernel-log.js';
import type { Host, Net } from '../host/ports.js';
import { type Death, Lifetime } from './lifetime.js';
import { makeSimClock, SimBoardClock, type SimClockOptions } from './sim-clock.js';
import { SimDisk } from './sim-disk.js';
import { basicPrograms, makeSimExec, type SimPrograms } from './sim-exec.js';
import { SimFiles } from './sim-files.js';
import { makeSimGzip } from './sim-gzip.js';
import { makeSimKeys } from './sim-keys.js';
import { makeSimMachine, SimMachine } from './sim-machine.js';
import { SimNetwork } from './sim-net.js';
import { makeSimServices, SimUnits } from './sim-services.js';
import type { SimWorld } from './sim-world.js';

export interface SimHostOptions {
  /** Where its controllers are. Default: a network of its own in which nobody listens. */
  readonly network?: SimNetwork;
  readonly clock?: SimClockOptions;
  /** Kernel files beside the boot id, which every board has. */
  readonly kernel?: Readonly<Record<string, SimKernelFile>>;
  /** Names of the units that run. */
  readonly units?: readonly string[];
  /** The board accepted a reboot: by default it loses power at once, and nobody starts the agent again. */
  readonly onReboot?: (host: SimHost) => void;
}

/** What outlives an agent's process: the board with its clock, volume, kernel and units. */
export interface SimBoard {
  readonly name: string;
  readonly clock: SimBoardClock;
  readonly disk: SimDisk;
  readonly kernel: SimKernelFiles;
  readonly kernelLog: SimKernelLog;
  readonly units: SimUnits;
  readonly machine: SimMachine;
  readonly programs: SimPrograms;
  readonly network: SimNetwork;
}

/** A simulated host as one agent process sees it, with the handles to end that process and to start the next. */
export interface SimHost extends Host {
  readonly board: SimBoard;
  /**
   * Ends the process without a word: nothing that it waits for ever comes, nothing that it calls has an effect.
   * `kill` (default) leaves the board running; `power` also loses what was not synced, and boots the board anew.
   */
  crash(how?: Death): void;
  /** The next process on the same board; ends this one when it still lives. */
  restart(): SimHost;
}

const BOOT_ID = '/proc/sys/kernel/random/boot_id';

/** A board that was just switched on, and the first agent process on it. */
export function makeSimHost(world: SimWorld, name: string, options: SimHostOptions = {}): SimHost {
  const clock = new SimBoardClock(world, options.clock);
  const kernel = new SimKernelFiles(options.kernel);
  const board: SimBoard = {
    name,
    clock,
    kernel,
    kernelLog: new SimKernelLog(() => clock.monotonicMs()),
    disk: new SimDisk(world.randomFor(`disk ${name}`)),
    machine: new SimMachine(clock, kernel),
    units: new SimUnits(world.randomFor(`units ${name}`), options.units ?? []),
    programs: basicPrograms(world),
    network: options.network ?? new SimNetwork(world),
  };
  if (board.kernel.readText(BOOT_ID) === undefined) setBootId(world, board, 0);
  return startProcess(world, board, options, { boots: 1, processes: 1 });
}

interface Counts {
  boots: number;
  processes: number;
}

function startProcess(world: SimWorld, board: SimBoard, options: SimHostOptions, counts: Counts): SimHost {
  const life = new Lifetime();
  const random = world.randomFor(`process ${board.name} ${counts.processes}`);
  const net: Net = board.network.makeNet(board.name, life);
  const clock = makeSimClock(world, board.clock, life);
  const host: SimHost = {
    board,
    net,
    random,
    clock,
    machine: makeSimMachine(world, board.machine, clock, life),
    files: new SimFiles(world, board.disk, life, world.randomFor(`files ${board.name} ${counts.processes}`)),
    kernel: board.kernel,
    kernelLog: board.kernelLog.open(),
    gzip: makeSimGzip(life),
    exec: makeSimExec(world, board.programs, life),
    keys: makeSimKeys(world.randomFor(`keys ${board.name} ${counts.processes}`)),
    services: makeSimServices(world, board.units, life, () => {
      if (options.onReboot === undefined) host.crash('power');
      else options.onReboot(host);
    }),
    crash: (how = 'kill') => {
      assert(!life.dead, `${board.name}: the process is dead already`);
      world.trace(`${board.name} ${how}`);
      life.end(how);
      if (how === 'power') reboot(world, board, counts);
    },
    restart: () => {
      if (!life.dead) host.crash();
      world.trace(`${board.name} starts`);
      counts.processes += 1;
      return startProcess(world, board, options, counts);
    },
  };
  return host;
}

function reboot(world: SimWorld, board: SimBoard, counts: Counts): void {
  board.disk.crash();
  board.clock.reboot();
  board.kernelLog.reboot();
  board.units.boot();
  setBootId(world, board, counts.boots);
  counts.boots += 1;
}

function setBootId(world: SimWorld, board: SimBoard, boots: number): void {
  const hex = Array.from(world.randomFor(`boot ${board.name} ${boots}`).bytes(16), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');
  const id = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
  board.kernel.set(BOOT_ID, `${id}\n`);
}
