/** Real md arrays of a real kernel are broken and mended, and everything that the fileserver's agent tells of it is held against it. */

import { setTimeout as wait } from 'node:timers/promises';
import { FAULTS } from './faults.js';
import type { Rack } from './rack.js';

/** As promised: a change is told within this. */
const REPORT_MS_MAX = 15_000;
const GIVE_UP_MS = 60_000;
const POLL_MS = 400;
const EVENTS_MAX = 1_000;
const SIZE_MIB = 24;

interface Step {
  readonly name: string;
  /** $A: the array, $B: its second member. */
  readonly script: string;
  /** Reasons of the events that tell of it, sorted. */
  readonly tells: readonly string[];
}

const SLOW = 'echo 1 >/sys/block/$A/md/sync_speed_min; echo 400 >/sys/block/$A/md/sync_speed_max';
const FAST = 'echo 200000 >/sys/block/$A/md/sync_speed_max; echo 100000 >/sys/block/$A/md/sync_speed_min';
/** Rebuilds and checks end within a moment once they may be fast; what is in between is nobody's to tell. */
const untilAction = (action: string): string =>
  `n=0; until [ "$(cat /sys/block/$A/md/sync_action)" = ${action} ] || [ $n -gt 200 ]; do sleep 0.05; n=$((n+1)); done`;

/** What happens to one array, over and over. */
const CYCLE: readonly Step[] = [
  { name: 'fail', script: 'mdadm -q /dev/$A --fail $B', tells: ['RaidDegraded', 'RaidMemberFailed'] },
  { name: 'remove', script: 'mdadm -q /dev/$A --remove $B', tells: ['RaidMemberRemoved'] },
  {
    name: 'add',
    script: `${SLOW}; mdadm -q --zero-superblock $B; mdadm -q /dev/$A --add $B; ${untilAction('recover')}`,
    tells: ['RaidMemberAdded', 'RaidSyncStarted'],
  },
  {
    name: 'rebuilt',
    script: `${FAST}; ${untilAction('idle')}`,
    tells: ['RaidMemberChanged', 'RaidSyncEnded', 'RaidWhole'],
  },
  { name: 'check', script: `${SLOW}; echo check >/sys/block/$A/md/sync_action`, tells: ['RaidSyncStarted'] },
  { name: 'checked', script: `${FAST}; ${untilAction('idle')}`, tells: ['RaidSyncEnded'] },
];

export interface RaidTransitionsResult {
  readonly transitionsCount: number;
  readonly slowestMs: number;
  /** What was late, missed or told twice, in words. */
  readonly problems: readonly string[];
}

export interface RaidTransitionsWish {
  readonly arrays: number;
  readonly transitionsEach: number;
  /** The agent is ended before this transition of the first array, and started after it. */
  readonly restartAt: number;
}

/** Transitions of small arrays side by side, each awaited before the next of its array. */
export async function raidTransitions(rack: Rack, wish: RaidTransitionsWish): Promise<RaidTransitionsResult> {
  const nodeId = await fileserverId(rack);
  const names = Array.from({ length: wish.arrays }, (_, index) => `md9${index + 1}`);
  const [newest] = await rack.controller.api.events({ node: nodeId }, 1);
  const afterId = newest?.id ?? 0;
  try {
    for (const name of names) await createArray(rack, name);
    const inTurn = oneAtATime();
    const told = (name: string): Promise<readonly string[]> => reasonsOf(rack, { nodeId, name, afterId });
    for (const name of names) await reported(() => told(name), 1, performance.now());
    const runs = await Promise.all(
      names.map((name, index) => exercise(rack, { name, index, told: () => told(name), inTurn, ...wish })),
    );
    return {
      transitionsCount: wish.arrays * wish.transitionsEach,
      slowestMs: Math.max(...runs.map(({ slowestMs }) => slowestMs)),
      problems: runs.flatMap(({ problems }) => problems),
    };
  } finally {
    for (const name of names) await removeArray(rack, name);
  }
}

type InTurn = <T>(work: () => Promise<T>) => Promise<T>;

function oneAtATime(): InTurn {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = last.then(work);
    last = mine.catch(() => undefined); // whoever asked for it is told
    return mine;
  };
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

/** One step of the cycle by its name. */
export async function takeStep(rack: Rack, name: string, stepName: string): Promise<void> {
  const step = CYCLE.find((each) => each.name === stepName);
  if (step === undefined) throw new Error(`no step ${stepName}`);
  await rack.run('fileserver', `A=${name}; B=${loopOf(name, 'b')}; ${step.script}`);
}

async function exercise(
  rack: Rack,
  run: RaidTransitionsWish & {
    readonly name: string;
    readonly index: number;
    /** Reasons of what was told of it so far. */
    readonly told: () => Promise<readonly string[]>;
    /** A guest runs one script at a time. */
    readonly inTurn: InTurn;
  },
): Promise<{ readonly slowestMs: number; readonly problems: readonly string[] }> {
  const { name, index, inTurn, transitionsEach, restartAt } = run;
  const told = async (): Promise<readonly string[]> => withoutAssembly(await run.told());
  const problems: string[] = [];
  const expected: string[] = ['RaidArrayAppeared'];
  let slowestMs = 0;
  for (let at = 0; at < transitionsEach; at += 1) {
    const step = CYCLE[at % CYCLE.length];
    if (step === undefined) break;
    const isRestart = index === 0 && at === restartAt;
    if (isRestart) await inTurn(async () => FAULTS['agent-stop']?.act(rack, ['fileserver']));
    const beforeMs = await inTurn(async () => {
      const beganMs = performance.now();
      await takeStep(rack, name, step.name);
      return beganMs;
    });
    if (isRestart) await inTurn(async () => FAULTS['agent-start']?.act(rack, ['fileserver']));
    expected.push(...step.tells);
    const tookMs = await reported(told, expected.length, beforeMs);
    const what = `${name}: ${step.name} (transition ${at + 1})`;
    if (tookMs === undefined) problems.push(`${what} was not told within ${GIVE_UP_MS / 1_000} s`);
    // While the agent was away nobody could tell; that it does so afterwards is what matters.
    else if (tookMs > REPORT_MS_MAX && !isRestart) problems.push(`${what} was told after ${Math.round(tookMs)} ms`);
    if (!isRestart) slowestMs = Math.max(slowestMs, tookMs ?? GIVE_UP_MS);
    const [want, got] = [expected.toSorted().join(' '), (await told()).toSorted().join(' ')];
    if (want === got) continue;
    problems.push(`${what}: told so far: ${got}; expected: ${want}`);
    break; // what follows would only repeat it
  }
  return { slowestMs, problems };
}

/** Whoever looks at an array while it is assembled sees it inactive first, and is told that it runs then. */
function withoutAssembly(reasons: readonly string[]): readonly string[] {
  const at = reasons.indexOf('RaidArrayState');
  return at < 0 ? reasons : reasons.toSpliced(at, 1);
}

/** How long it took until so many events were committed; `undefined` = too long. */
async function reported(
  told: () => Promise<readonly string[]>,
  count: number,
  sinceMs: number,
): Promise<number | undefined> {
  for (;;) {
    if ((await told()).length >= count) return performance.now() - sinceMs;
    if (performance.now() - sinceMs > GIVE_UP_MS) return undefined;
    await wait(POLL_MS);
  }
}

async function reasonsOf(
  rack: Rack,
  of: { readonly nodeId: string; readonly name: string; readonly afterId: number },
): Promise<readonly string[]> {
  const events = await rack.controller.api.events({ node: of.nodeId }, EVENTS_MAX);
  return events
    .filter(
      ({ id, reason, message }) => id > of.afterId && reason.startsWith('Raid') && message.includes(`array ${of.name}`),
    )
    .map(({ reason }) => reason);
}

export async function fileserverId(rack: Rack): Promise<string> {
  const node = (await rack.controller.api.nodes()).find(({ kind }) => kind === 'fileserver');
  if (node === undefined) throw new Error('the controller knows no fileserver');
  return node.id;
}
