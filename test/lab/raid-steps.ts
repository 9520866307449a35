/** What happens to an array, over and over: a member fails, goes, comes back, is rebuilt, and both are compared. */

export interface Step {
  readonly name: string;
  /** Run before it. $A: the array, $B: its second member. */
  readonly prepare: string;
  /** Changes the array. */
  readonly act: string;
  /** When it has changed: when that began, or when it ended because md has to come to its own end first. */
  readonly countsFrom: 'begin' | 'end';
  /** Reasons of the events that tell of it. */
  readonly tells: readonly string[];
  /** Of what lasts for a moment only, and whoever looks just then tells of, too. */
  readonly mayTell: readonly string[];
}

const SLOW = 'echo 1 >/sys/block/$A/md/sync_speed_min; echo 400 >/sys/block/$A/md/sync_speed_max';
const FAST = 'echo 200000 >/sys/block/$A/md/sync_speed_max; echo 100000 >/sys/block/$A/md/sync_speed_min';
/** Rebuilds and checks end within a moment once they may be fast; what is in between is nobody's to tell. */
const untilAction = (action: string): string =>
  `n=0; until { read -r now </sys/block/$A/md/sync_action; [ "$now" = ${action} ]; } || [ $n -gt 600 ]; do sleep 0.2; n=$((n+1)); done`;

const STEPS: readonly Step[] = [
  {
    name: 'fail',
    prepare: '',
    act: 'mdadm -q /dev/$A --fail $B',
    countsFrom: 'begin',
    tells: ['RaidDegraded', 'RaidMemberFailed'],
    mayTell: [],
  },
  {
    name: 'remove',
    prepare: '',
    act: 'mdadm -q /dev/$A --remove $B',
    countsFrom: 'begin',
    tells: ['RaidMemberRemoved'],
    mayTell: [],
  },
  {
    name: 'add',
    prepare: `${SLOW}; mdadm -q --zero-superblock $B`,
    act: `mdadm -q /dev/$A --add $B; ${untilAction('recover')}`,
    countsFrom: 'begin',
    tells: ['RaidMemberAdded', 'RaidSyncStarted'],
    // A spare, for as long as md takes to give it its place.
    mayTell: ['RaidMemberChanged'],
  },
  {
    name: 'rebuild',
    prepare: '',
    act: `${FAST}; ${untilAction('idle')}`,
    countsFrom: 'end',
    tells: ['RaidMemberChanged', 'RaidSyncEnded', 'RaidWhole'],
    mayTell: [],
  },
  {
    name: 'check',
    prepare: SLOW,
    act: 'echo check >/sys/block/$A/md/sync_action',
    countsFrom: 'begin',
    tells: ['RaidSyncStarted'],
    mayTell: [],
  },
  {
    name: 'end of check',
    prepare: '',
    act: `${FAST}; ${untilAction('idle')}`,
    countsFrom: 'end',
    tells: ['RaidSyncEnded'],
    mayTell: [],
  },
];

/** Rounds count from 1, and go through the steps again and again. */
export function stepOfRound(round: number): Step {
  const step = STEPS[(round - 1) % STEPS.length];
  if (step === undefined) throw new RangeError(`no round ${round}`);
  return step;
}

export function stepNamed(name: string): Step {
  const step = STEPS.find((each) => each.name === name);
  if (step === undefined) throw new Error(`no step ${name}`);
  return step;
}
