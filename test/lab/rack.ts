import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type Artifacts, artifacts } from './build/artifacts.js';
import { type Say, sweepCache } from './build/cache.js';
import { writeBoardTree } from './build/device-tree.js';
import { type Outcome, runInGuest } from './host/guest-shell.js';
import { makeNamespaces, type Namespaces, namespacesOf, removeNamespaces } from './host/namespaces.js';
import { end, isSame, launch, runningPid, startTimeOf } from './host/process.js';
import { commonArgs, fileserverArgs, guestFile, piArgs, switchArgs } from './host/qemu.js';
import { qmp } from './host/qmp.js';
import { LabController } from './lab-controller.js';
import { lend, lentToBegin, lentToBoot, makeBoards, makeMachineDisks } from './prepare.js';
import { type PiSpec, type RackSpec, rackSpec } from './spec.js';

/** Folders of racks, short because a socket's path is at most 107 bytes. */
export const RACKS_DIR = '/tmp';
const FOLDER = 'bramble-lab-';
/** In the checkout. */
const GUESTS = 'test/lab/guests';
const READY_MS_MAX = 180_000;
const POLL_MS = 200;
/** They begin to boot first: the ROM of a board gives up when nobody answers for a while. */
const MACHINES = ['switch', 'fileserver'] as const;

export interface RackOptions {
  /** Tells two racks of one machine apart: a few letters or digits. */
  readonly id: string;
  readonly pis: number;
  /** Ends with the process that started it, however that ends. */
  readonly isOwned: boolean;
  /** With a controller, and an agent in every guest. */
  readonly withAgents: boolean;
  /** The checkout that holds dist/ and the scripts of the guests. */
  readonly checkout: string;
  readonly say: Say;
}

interface RackFile {
  readonly pis: number;
  readonly checkout: string;
  readonly isOwned: boolean;
  readonly withAgents: boolean;
  readonly files: Artifacts;
  /** "PID STARTTIME" of the process that it ends with. */
  readonly owner: string;
}

/** A switch, a fileserver and Pis: guests, the cables between them, and what they are plugged into. */
export class Rack {
  readonly id: string;
  readonly dir: string;
  readonly spec: RackSpec;
  readonly namespaces: Namespaces;
  readonly controller: LabController;
  readonly #file: RackFile;

  private constructor(id: string, file: RackFile) {
    this.id = id;
    this.dir = path.join(RACKS_DIR, `${FOLDER}${id}`);
    this.spec = rackSpec(file.pis);
    this.namespaces = namespacesOf(id);
    this.controller = new LabController(this.dir, path.join(file.checkout, 'dist'), this.namespaces.controller);
    this.#file = file;
  }

  /** Builds what is missing and powers everything on; resolves when the Pis have power, and `ready()` waits for them. */
  static async start({ id, say, ...options }: RackOptions): Promise<Rack> {
    await sweep();
    const files = await artifacts(path.join(options.checkout, GUESTS), say);
    const file = { ...options, files, owner: `${process.pid} ${startTimeOf(process.pid) ?? ''}` };
    const rack = new Rack(id, file);
    if (existsSync(rack.dir)) throw new Error(`a rack named ${id} is up: npm run lab -- down ends it`);
    mkdirSync(rack.dir, { mode: 0o700 });
    writeFileSync(path.join(rack.dir, 'rack.json'), JSON.stringify(file));
    try {
      await makeNamespaces(rack.namespaces);
      const agentsLent = options.withAgents ? rack.#startController() : Promise.resolve();
      await Promise.all([agentsLent, rack.#startMachines(agentsLent), rack.#startPis(), rack.#startPdu()]);
    } catch (thrown) {
      await rack.down();
      throw thrown;
    }
    return rack;
  }

  /** A rack that is up already. @throws Error when there is none of this name */
  static open(id: string): Rack {
    const file = path.join(RACKS_DIR, `${FOLDER}${id}`, 'rack.json');
    if (!existsSync(file)) throw new Error(`no rack named ${id} is up: npm run lab -- up starts one`);
    // written by start(), into a folder that its owner alone may write to
    return new Rack(id, JSON.parse(readFileSync(file, 'utf8')) as RackFile);
  }

  /** What runs the switch and the fileserver, as QEMU calls it; Pis are emulated wherever the host is no Pi. */
  get accelerator(): string {
    return this.#file.files.machine.accelerator;
  }

  get guestNames(): readonly string[] {
    return ['switch', 'fileserver', ...this.spec.pis.map(({ name }) => name)];
  }

  /** Resolves when every guest says that it is ready. @throws Error when one ends or takes too long, with what it said */
  async ready(names: readonly string[] = this.guestNames, limitMs = READY_MS_MAX): Promise<void> {
    const endsAtMs = performance.now() + limitMs;
    for (const name of names) {
      for (;;) {
        if (/^LAB [\d.]+ \S+ is ready/m.test(this.console(name))) break;
        if (!this.isOn(name)) throw new Error(`${name} ended: see ${path.join(this.dir, `${name}.out`)}`);
        if (performance.now() > endsAtMs) {
          throw new Error(
            `${name} is not ready after ${limitMs / 1_000} s; its console ends:\n${tail(this.console(name))}`,
          );
        }
        await wait(POLL_MS);
      }
    }
  }

  /** What a guest has printed since it was last powered on. */
  console(name: string): string {
    const file = guestFile(this.dir, this.#known(name), 'log');
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  }

  /** Resolves when a guest's console has shown `text` since it was last powered on. @throws Error when it takes too long */
  async says(name: string, text: string, limitMs = READY_MS_MAX): Promise<void> {
    const endsAtMs = performance.now() + limitMs;
    while (!this.console(name).includes(text)) {
      if (performance.now() > endsAtMs) {
        throw new Error(
          `${name} has not said "${text}" after ${limitMs / 1_000} s; its console ends:\n${tail(this.console(name))}`,
        );
      }
      await wait(POLL_MS);
    }
  }

  isOn(name: string): boolean {
    return runningPid(this.dir, this.#known(name)) !== undefined;
  }

  /** Power to a guest that has none. `clock`: what its own clock says, UTC; absent = the time. */
  async powerOn(name: string, clock = 'utc'): Promise<void> {
    if (this.isOn(name)) return;
    await this.#launch(name, ['-rtc', `base=${clock}`]);
    if (!MACHINES.some((each) => each === name)) return;
    await this.says(name, 'has booted');
    await this.#begin(name);
  }

  /** Another board where this one is, for when it gets power; the card and the cable stay. */
  async plugIn(name: string, board: Pick<PiSpec, 'serial' | 'mac' | 'model' | 'compatible'>): Promise<void> {
    await this.powerOff(name);
    writeFileSync(guestFile(this.dir, name, 'mac'), board.mac); // the power strip, a process of its own, reads it too
    await writeBoardTree(this.#file.files.pi.deviceTree, board, guestFile(this.dir, name, 'dtb'));
  }

  async #startController(): Promise<void> {
    await this.controller.start(this.#file.isOwned);
    await this.controller.lendAgents(this.spec);
  }

  /** Boots the switch and the fileserver; each has its last stage when its agent is lent. */
  async #startMachines(agentsLent: Promise<void>): Promise<void> {
    const { files, checkout } = this.#file;
    const guests = path.join(checkout, GUESTS);
    lend(this.dir, lentToBoot(this.spec, guests));
    lend(this.dir, lentToBegin(this.spec, guests));
    await makeMachineDisks(this.dir, files);
    for (const name of MACHINES) await this.#launch(name);
    const begin = async (name: string): Promise<void> => {
      await this.says(name, 'has booted');
      await agentsLent;
      await this.#begin(name);
    };
    await Promise.all(MACHINES.map(begin));
  }

  /** Boards have power as soon as their ROMs need not ask in vain for so long that they give up. */
  async #startPis(): Promise<void> {
    await makeBoards(this.dir, this.spec, this.#file.files);
    await this.says('switch', 'has booted');
    await this.says('fileserver', 'array and file system are there');
    for (const { name } of this.spec.pis) await this.powerOn(name);
  }

  /** The last stage of a machine that has booted: from here on it is this rack's. */
  async #begin(name: string): Promise<void> {
    await this.run(name, `busybox sh /lab/begin.sh ${Math.floor(Date.now() / 1_000)}`, READY_MS_MAX);
  }

  async #launch(name: string, more: readonly string[] = []): Promise<void> {
    rmSync(guestFile(this.dir, name, 'log'), { force: true });
    const [emulator, args] = this.#commandLine(name);
    const namespace = emulator === 'qemu-system-x86_64' ? this.namespaces.site : undefined;
    const argv = [emulator, ...commonArgs(this.dir, name), ...args, ...more] as const;
    const where = namespace === undefined ? {} : { namespace };
    await launch(this.dir, { name, argv, diesWithParent: this.#file.isOwned, ...where });
  }

  /** Takes the power away: nothing in the guest gets a word in. */
  async powerOff(name: string): Promise<void> {
    await end(this.dir, this.#known(name));
  }

  /** @throws Error when it fails; `limitMs` is for the whole of it. */
  async run(name: string, script: string, limitMs?: number): Promise<string> {
    const { status, out, err } = await this.tryRun(name, script, limitMs);
    if (status !== 0) throw new Error(`${name}: status ${status} of: ${script}\n${out}${err}`);
    return out;
  }

  tryRun(name: string, script: string, limitMs?: number): Promise<Outcome> {
    return runInGuest(guestFile(this.dir, this.#known(name), 'control'), script, { limitMs });
  }

  /** In a Pi, even when its root is gone: nothing but busybox and what the kernel shows is there. @throws Error when it fails */
  async runWithoutRoot(name: string, script: string, limitMs?: number): Promise<string> {
    const options = { limitMs, withoutRoot: true };
    const { status, out, err } = await runInGuest(guestFile(this.dir, this.#known(name), 'control'), script, options);
    if (status !== 0) throw new Error(`${name}: status ${status} of: ${script}\n${out}${err}`);
    return out;
  }

  /** Steers the hardware of a guest. */
  hardware(name: string, command: string, args?: Readonly<Record<string, unknown>>): Promise<unknown> {
    return qmp(guestFile(this.dir, this.#known(name), 'qmp'), command, args);
  }

  /** Ends everything that this rack started. */
  async down(): Promise<void> {
    const names = readdirSync(this.dir).flatMap((file) => /^(.+)\.pid$/.exec(file)?.[1] ?? []);
    await Promise.all(names.map((name) => end(this.dir, name, name === 'controller' ? 'SIGTERM' : 'SIGKILL')));
    await removeNamespaces(this.namespaces);
    rmSync(this.dir, { recursive: true, force: true });
  }

  #known(name: string): string {
    if (!this.guestNames.includes(name))
      throw new Error(`no ${name} in this rack: it has ${this.guestNames.join(', ')}`);
    return name;
  }

  #commandLine(name: string): readonly [string, readonly string[]] {
    const { files } = this.#file;
    if (name === 'switch') return ['qemu-system-x86_64', switchArgs(this.dir, this.spec, files)];
    if (name === 'fileserver') return ['qemu-system-x86_64', fileserverArgs(this.dir, this.spec, files)];
    const pi = this.spec.pis.find((each) => each.name === name);
    if (pi === undefined) throw new Error(`no ${name} in this rack: it has ${this.guestNames.join(', ')}`);
    const plugged = guestFile(this.dir, name, 'mac');
    const mac = existsSync(plugged) ? readFileSync(plugged, 'utf8') : pi.mac;
    return ['qemu-system-aarch64', piArgs(this.dir, { ...pi, mac }, files)];
  }

  /** A power strip in the site's network that the Pis are plugged into: switches and controllers steer it, as in a rack. */
  async #startPdu(): Promise<void> {
    const { site: namespace } = this.namespaces;
    const { checkout, isOwned: diesWithParent } = this.#file;
    const program = path.join(checkout, 'dist/test/lab.mjs');
    const argv = [process.execPath, program, 'pdu', this.id] as const;
    await launch(this.dir, { name: 'pdu', argv, namespace, diesWithParent });
  }
}

/** Ends racks whose owners have gone without ending them, and removes what such an owner was building. */
export async function sweep(): Promise<void> {
  sweepCache();
  for (const folder of readdirSync(RACKS_DIR).filter((each) => each.startsWith(FOLDER))) {
    const file = path.join(RACKS_DIR, folder, 'rack.json');
    if (!existsSync(file)) continue;
    // written by start(), into a folder that its owner alone may write to
    const { owner, isOwned } = JSON.parse(readFileSync(file, 'utf8')) as RackFile;
    const [pid, startTime] = owner.split(' ');
    if (isOwned && !isSame(Number(pid), startTime)) await Rack.open(folder.slice(FOLDER.length)).down();
  }
}

const tail = (text: string): string => text.split('\n').slice(-20).join('\n');
