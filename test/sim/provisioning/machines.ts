/** What the fileserver, the switch and the boards are, whoever commands them: outlives every controller. */

import type { CommandAction } from '../../../controller/domain/command.js';
import { renderBootRecord } from '../../../proto/contract/boot/record-text.js';
import { type BootSet, rootSerialOf } from '../../../proto/contract/netboot/boot-set.js';
import { NO_ROOTS, preparedWords } from '../../../proto/contract/netboot/prepared.js';
import { NOT_ON_TRIAL } from '../../../proto/contract/switch/change.js';
import { parseSwitchPlan } from '../../../proto/contract/switch/parse-plan.js';
import type { SwitchPlan } from '../../../proto/contract/switch/plan.js';
import { BOARDS, BOOT_SET, PLAN } from './rack-setup.js';

export interface Result {
  readonly state: 'succeeded' | 'failed' | 'rejected';
  readonly detail: string;
}

interface Roots {
  current: number;
  previous: number;
  readonly images: Map<number, string>;
}

/** Of everything, when the first controller starts. */
export const UPTIME_MS = 100_000;
/** From power to an agent that reports, ms. */
const BOOT_MS = 20_000;
/** From one start to the next of a board whose kernel panics. */
const PANIC_MS = 60_000;

const done = (detail = ''): Result => ({ state: 'succeeded', detail });
const failed = (detail: string): Result => ({ state: 'failed', detail });

export class Machines {
  readonly roots = new Map<string, Roots>([
    ['00000001', { current: 1, previous: 0, images: new Map([[1, 'good-1']]) }],
    ['00000002', { current: 2, previous: 1, images: new Map([[1, 'good-0'], [2, 'good-1']]) }], // biome-ignore format: two pairs
  ]);
  bootSet: BootSet = BOOT_SET;
  kept: SwitchPlan = PLAN;
  trial: { readonly id: string; readonly before: SwitchPlan; readonly untilMs: number } | undefined;
  /** Ports with power, and since when. */
  readonly power = new Map<string, number>([
    ['swp1', -BOOT_MS],
    ['swp2', -BOOT_MS],
  ]);
  /** Number of the boot that runs there; a board that never came up has none. */
  readonly up = new Map<string, { readonly node: string; readonly boot: number }>();
  readonly #mounted = new Map<string, number>();
  /** Boards that start over and over again: when they did before. */
  readonly #starts = new Map<string, number[]>();
  /** Ports whose boards have booted, or found nothing to boot: they try once for each time that they get power. */
  readonly #tried = new Set<string>();
  #boots = 0;

  /** What happens by itself. */
  tick(nowMs: number): void {
    if (this.trial !== undefined && nowMs >= this.trial.untilMs) {
      this.kept = this.trial.before;
      this.trial = undefined;
    }
    for (const [port, serial] of BOARDS) {
      const sinceMs = this.power.get(port);
      if (sinceMs === undefined) {
        this.restart(port);
        this.#mounted.delete(serial);
        continue;
      }
      if (this.#starts.has(serial) && nowMs >= sinceMs) this.#mounted.set(serial, sinceMs);
      if (nowMs - sinceMs < BOOT_MS || this.#tried.has(port)) continue;
      this.#tried.add(port);
      this.#boot(port, serial, sinceMs);
    }
  }

  /** A board starts anew, with its power on. */
  restart(port: string): void {
    this.up.delete(port);
    this.#tried.delete(port);
  }

  carryOut(id: string, action: CommandAction, nowMs: number): Result {
    switch (action.kind) {
      case 'root-prepare': {
        const roots = this.roots.get(action.serial) ?? { current: 0, previous: 0, images: new Map<number, string>() };
        if (!this.bootSet.ports.some(({ board }) => board && rootSerialOf(board) === action.serial)) {
          return failed('no port of this fileserver has this board');
        }
        this.roots.set(action.serial, roots);
        const generation = 1 + Math.max(0, ...roots.images.keys());
        roots.images.set(generation, action.image);
        return done(preparedWords(action.serial, generation));
      }
      case 'root-activate':
        return this.#activate(action.serial, action.generation);
      case 'root-remove':
        if (!this.roots.delete(action.serial)) return { state: 'rejected', detail: NO_ROOTS };
        return done();
      case 'switch-power':
        if (action.action === 'off') this.power.delete(action.port);
        else if (!this.power.has(action.port)) this.power.set(action.port, nowMs);
        return done();
      case 'switch-apply':
        if (this.trial !== undefined) return failed(`change ${this.trial.id} is open (on-trial)`);
        this.trial = { id, before: this.kept, untilMs: nowMs + action.confirmWithinMs };
        this.kept = parseSwitchPlan(JSON.parse(action.plan));
        return done();
      case 'switch-confirm':
      case 'switch-roll-back':
        return this.#endTrial(action);
      default:
        return failed('nobody here can');
    }
  }

  /** Of each board that has mounted a system without an agent of ours that comes up: rescue, or a broken root, which may panic. */
  bootRecords(): readonly { readonly serial: string; readonly text: string }[] {
    return [...this.#mounted].map(([serial, sinceMs]) => {
      const atMs = sinceMs + UPTIME_MS;
      const stagesMs = { 'dhcp-seen': atMs, 'serial-dir-hit': atMs, 'nfs-mounted': atMs + 5_000 };
      const name = { mac: '', serial, address: `a-${serial}`, interfaceName: 'eth0.10' };
      const never = { firstFileMs: atMs, missedMs: undefined, missedFirmware: false };
      const startsMs = [...new Set([...(this.#starts.get(serial) ?? []), sinceMs])].map((ms) => ms + UPTIME_MS);
      return { serial, text: renderBootRecord({ ...name, ...never, startedMs: atMs, stagesMs, startsMs, seenMs: atMs + 5_000 }) }; // biome-ignore format: one record
    });
  }

  #activate(serial: string, generation: number): Result {
    const roots = this.roots.get(serial);
    if (roots?.images.has(generation) !== true)
      return { state: 'rejected', detail: `there is no generation ${generation}` };
    if (roots.current !== generation) roots.previous = roots.current;
    roots.current = generation;
    for (const each of [...roots.images.keys()]) {
      if (each !== roots.current && each !== roots.previous) roots.images.delete(each);
    }
    return done(`board ${serial} is served generation ${generation}`);
  }

  #endTrial(action: { readonly kind: 'switch-confirm' | 'switch-roll-back'; readonly changeId: string }): Result {
    const { trial } = this;
    if (trial?.id !== action.changeId) return failed(`${NOT_ON_TRIAL}: it was confirmed before, or taken back`);
    if (action.kind === 'switch-roll-back') this.kept = trial.before;
    this.trial = undefined;
    return done();
  }

  #boot(at: string, serial: string, sinceMs: number): void {
    const port = this.bootSet.ports.find(({ board }) => board?.serial === serial);
    const role = this.kept.ports.find(({ name }) => name === at)?.role;
    if (port?.board === undefined || role?.kind !== 'pi' || role.storageVlan !== port.vlan) return;
    if (port.board.mode === 'rescue') this.#mounted.set(serial, sinceMs);
    if (port.board.mode !== 'root') return;
    const roots = this.roots.get(rootSerialOf(port.board));
    if (roots === undefined || roots.current === 0) return;
    const image = roots.images.get(roots.current) ?? '';
    if (image.startsWith('panics')) {
      this.#starts.set(serial, [...(this.#starts.get(serial) ?? []), sinceMs]);
      this.restart(at);
      this.power.set(at, sinceMs + PANIC_MS);
    }
    if (!image.startsWith('good')) {
      this.#mounted.set(serial, sinceMs);
      return;
    }
    this.#mounted.delete(serial);
    this.#starts.delete(serial);
    this.#boots += 1;
    this.up.set(at, { node: port.board.hostname, boot: this.#boots });
  }
}
