/** Real md arrays of a real kernel are broken and mended, and everything that the fileserver's agent tells of it is held against it. */

import { setTimeout as wait } from 'node:timers/promises';
import { breaks } from './faults.js';
import type { Rack } from './rack.js';
import { type Step, stepNamed, stepOfRound } from './raid-steps.js';
import { nodeNamed } from './testing.js';

/** As promised: a change is told within this. */
export const REPORT_MS_MAX = 15_000;
const GIVE_UP_MS = 90_000;
/** Whatever is told twice is told by then: two looks of the agent. */
const AFTERMATH_MS = 12_000;
const POLL_MS = 400;
const NEW_EVENTS_MAX = 100;
const SIZE_MIB = 24;
/** In the place of a step: what came after everything. */
export const AFTERWARDS = 'afterwards';

/** One change of one array, and what was told of it. */
export interface Transition {
  readonly array: string;
  readonly step: string;
  /** Counts from 1, for each array. */
  readonly number: number;
  /** From the command that changes it until all of it was committed by the controller; `undefined` = it never was. */
  readonly toldAfterMs: number | undefined;
  /** The agent did not run when it happened. */
  readonly isAcrossRestart: boolean;
  /** Reasons of events that did not come. */
  readonly missed: readonly string[];
  /** Reasons of events that came without cause, or once more. */
  readonly surplus: readonly string[];
}

export interface RaidTransitionsWish {
  readonly arrays: number;
  readonly transitionsEach: number;
  /** The agent is ended before every so manieth round of transitions, and started after it. */
  readonly restartEvery: number;
  /** Told of each as soon as it is known. */
  readonly onTransition?: (transition: Transition) => void;
}

/** Transitions of small arrays side by side, each awaited before the next of its array. */
export async function raidTransitions(rack: Rack, wish: RaidTransitionsWish): Promise<readonly Transition[]> {
  const nodeId = await fileserverId(rack);
  const names = Array.from({ length: wish.arrays }, (_, index) => `md9${index + 1}`);
  const [newest] = await rack.controller.api.events({ node: nodeId }, 1);
  const inTurn = oneAtATime();
  const timeline = new Timeline(rack.controller.api, nodeId, newest?.id ?? 0);
  const runs = names.map((name) => new ArrayRun(rack, name, { timeline, inTurn }));
  const done: Transition[] = [];
  const note = (transition: Transition): void => {
    done.push(transition);
    wish.onTransition?.(transition);
  };
  try {
    for (const run of runs) await run.create();
    for (let round = 1; round <= wish.transitionsEach; round += 1) {
      // An agent that is away tells nothing of any array: all of them change, then it comes back.
      const isRestart = round % wish.restartEvery === 0;
      if (isRestart) await breaks(rack, 'agent-stop', 'fileserver');
      const taken = runs.map((run) => run.change(round, isRestart));
      if (isRestart) {
        await Promise.all(taken.map(({ changed }) => changed));
        await breaks(rack, 'agent-start', 'fileserver');
      }
      for (const transition of await Promise.all(taken.map(({ told }) => told))) note(transition);
    }
    await wait(AFTERMATH_MS);
    for (const run of runs) {
      const surplus = await run.surplus();
      if (surplus.length > 0) note(run.afterwards(wish.transitionsEach, surplus));
    }
    return done;
  } finally {
    for (const name of names) await removeArray(rack, name);
  }
}

type InTurn = <T>(work: () => Promise<T>) => Promise<T>;

/** A guest runs one script at a time. */
function oneAtATime(): InTurn {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = last.then(work);
    last = mine.catch(() => undefined); // whoever asked for it is told
    return mine;
  };
}

interface RunOptions {
  readonly timeline: Timeline;
  readonly inTurn: InTurn;
}

type Told = Awaited<ReturnType<Rack['controller']['api']['events']>>[number];

/** What was told of a node since this was made, whoever asks: its controller is asked every so often, and for what is new. */
class Timeline {
  readonly #api: Rack['controller']['api'];
  readonly #nodeId: string;
  readonly #events: Told[] = [];
  #newestId: number;
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  #looking: Promise<void> = Promise.resolve();

  constructor(api: Rack['controller']['api'], nodeId: string, newestId: number) {
    this.#api = api;
    this.#nodeId = nodeId;
    this.#newestId = newestId;
  }

  async look(): Promise<readonly Told[]> {
    if (performance.now() - this.#lookedAtMs >= POLL_MS) {
      this.#lookedAtMs = performance.now();
      this.#looking = this.#takeNew();
    }
    await this.#looking;
    return this.#events;
  }

  async #takeNew(): Promise<void> {
    const newest = await this.#api.events({ node: this.#nodeId }, NEW_EVENTS_MAX);
    const fresh = newest.filter(({ id }) => id > this.#newestId);
    if (fresh.length === NEW_EVENTS_MAX) throw new Error(`more than ${NEW_EVENTS_MAX} events within ${POLL_MS} ms`);
    this.#events.push(...fresh);
    this.#newestId = Math.max(this.#newestId, ...fresh.map(({ id }) => id));
  }
}

/** One array, and what has to be told of it so far. */
class ArrayRun {
  readonly #rack: Rack;
  readonly #name: string;
  readonly #options: RunOptions;
  #expected: readonly string[] = ['RaidArrayAppeared'];
  /** Whoever looks at an array while it is assembled sees it inactive, and is told at the next look that it runs. */
  #isAssemblyOpen = true;

  constructor(rack: Rack, name: string, options: RunOptions) {
    this.#rack = rack;
    this.#name = name;
    this.#options = options;
  }

  /** @throws Error when the agent does not tell that there is a new array */
  async create(): Promise<void> {
    await createArray(this.#rack, this.#name);
    const { missed } = await this.#awaited(performance.now(), []);
    if (missed.length > 0) throw new Error(`nothing is told of the new array ${this.#name}`);
  }

  /** `changed` resolves when the kernel has done it. */
  change(
    number: number,
    isAcrossRestart: boolean,
  ): { readonly changed: Promise<number>; readonly told: Promise<Transition> } {
    const step = stepOfRound(number);
    const changed = this.#options.inTurn(() => this.#take(step));
    const told = changed.then(async (sinceMs): Promise<Transition> => {
      this.#expected = [...this.#expected, ...step.tells];
      const seen = await this.#awaited(sinceMs, step.mayTell);
      return { array: this.#name, step: step.name, number, isAcrossRestart, ...seen };
    });
    return { changed, told };
  }

  async surplus(): Promise<readonly string[]> {
    return without(await this.#told(), this.#expected);
  }

  /** What came after everything. */
  afterwards(number: number, surplus: readonly string[]): Transition {
    const nothing = { toldAfterMs: undefined, isAcrossRestart: false, missed: [] };
    return { array: this.#name, step: AFTERWARDS, number, ...nothing, surplus };
  }

  async #take({ prepare, act, countsFrom }: Step): Promise<number> {
    if (prepare !== '') await this.#run(prepare);
    const sinceMs = performance.now();
    await this.#run(act);
    return countsFrom === 'begin' ? sinceMs : performance.now();
  }

  async #run(script: string): Promise<void> {
    await this.#rack.run('fileserver', `A=${this.#name}; B=${loopOf(this.#name, 'b')}; ${script}`);
  }

  /** Waits until everything that is expected was told; what is wrong is forgotten then, so that it counts once. */
  async #awaited(
    sinceMs: number,
    mayTell: readonly string[],
  ): Promise<Pick<Transition, 'toldAfterMs' | 'missed' | 'surplus'>> {
    for (;;) {
      const told = await this.#told();
      const missed = without(this.#expected, told);
      const tookMs = performance.now() - sinceMs;
      if (missed.length > 0 && tookMs < GIVE_UP_MS) {
        await wait(POLL_MS);
        continue;
      }
      const more = without(told, this.#expected);
      const surplus = without(more, this.#isAssemblyOpen ? [...mayTell, 'RaidArrayState'] : mayTell);
      if (more.includes('RaidArrayState')) this.#isAssemblyOpen = false;
      this.#expected = told;
      return { toldAfterMs: missed.length === 0 ? Math.round(tookMs) : undefined, missed, surplus };
    }
  }

  async #told(): Promise<readonly string[]> {
    // mdadm holds an array still while it adds a member: who looks just then tells of that, too.
    const mine = (await this.#options.timeline.look()).filter(
      ({ message }) =>
        message.includes(`array ${this.#name}`) && !/: frozen$|the frozen of/.test(message.replace(/ \(.* ago\)$/, '')),
    );
    return mine.map(({ reason }) => reason).filter((reason) => reason.startsWith('Raid'));
  }
}

/** Each word of `others` takes one of `words` away. */
function without(words: readonly string[], others: readonly string[]): readonly string[] {
  const rest = [...words];
  for (const other of others) {
    const at = rest.indexOf(other);
    if (at >= 0) rest.splice(at, 1);
  }
  return rest;
}

/** One step of an array, by its name. */
export async function takeStep(rack: Rack, name: string, stepName: string): Promise<void> {
  const { prepare, act } = stepNamed(stepName);
  await rack.run('fileserver', `A=${name}; B=${loopOf(name, 'b')}; ${prepare === '' ? ':' : prepare}; ${act}`);
}

/** Two files in memory as members: what is tested is md, not a disk. */
export async function createArray(rack: Rack, name: string): Promise<void> {
  const members = (['a', 'b'] as const).map((member) => {
    const file = `/run/lab/${name}.${member}`;
    return `truncate -s ${SIZE_MIB}M ${file}; losetup ${loopOf(name, member)} ${file}`;
  });
  const both = `${loopOf(name, 'a')} ${loopOf(name, 'b')}`;
  const create = `mdadm -q --create /dev/${name} --run --level=1 --raid-devices=2 --metadata=1.2 --bitmap=none --assume-clean`;
  await rack.run('fileserver', `set -e; modprobe loop; ${members.join('; ')}; ${create} ${both}`);
}

export async function removeArray(rack: Rack, name: string): Promise<void> {
  const both = `${loopOf(name, 'a')} ${loopOf(name, 'b')}`;
  await rack.run('fileserver', `mdadm -q --stop /dev/${name}; losetup -d ${both}; rm -f /run/lab/${name}.?`);
}

/** Of md91, md92 and so on: the eight loop devices that a kernel makes by itself are enough for four. */
function loopOf(name: string, member: 'a' | 'b'): string {
  return `/dev/loop${2 * (Number(name.slice(3)) - 1) + (member === 'a' ? 0 : 1)}`;
}

export async function fileserverId(rack: Rack): Promise<string> {
  return (await nodeNamed(rack, 'fileserver')).id;
}
