import * as z from '../../agent/kit/form.js';
import { BrambleError } from '../../proto/contract/errors.js';

/** What root allows here, whatever the controller says. Root's own file: the agent can neither write nor widen it. */
export interface SwitchPolicy {
  /** The interface that leads to the controller; empty = whatever the first plan said. */
  readonly management: string;
  /** Ports that lead out of here: never unused, never without power. */
  readonly protectedPorts: readonly string[];
  /** Ports whose power may be changed; empty = every port that is not protected. */
  readonly powerPorts: readonly string[];
  readonly power: PowerPolicy;
}

export interface PowerPolicy {
  /** `probe`: the first of ethtool-pse and poectl that answers. */
  readonly driver: 'none' | 'probe' | 'ethtool-pse' | 'poectl' | 'command' | 'link';
  /** Program and arguments of the driver `command`; {port} stands for the port. */
  readonly command: CommandTemplates | undefined;
  /** Most times that power is cut within an hour, all ports together. */
  readonly cutsPerHour: number;
  /** What each supply gives to ports, milliwatts; empty = not known, and not judged. */
  readonly suppliesMilliwatts: readonly number[];
  /** A port comes on only with a place in the queue of booting boards. */
  readonly needsBootLease: boolean;
  /** Ports whose class says what they are allocated, for drivers that ask port by port: root's list of ports with power. */
  readonly classPorts: readonly string[];
  /** Outlets of a power strip that machines hang on which are no board of a port, by name: a fileserver, another switch. */
  readonly outlets: ReadonlyMap<string, CommandTemplates>;
  /** Who comes on by itself after a start of the switch, where no controller says so; `undefined` = nobody. */
  readonly start: StaggeredStart | undefined;
}

export interface StaggeredStart {
  /** In this order. */
  readonly ports: readonly string[];
  /** How long a controller is waited for, and the time between two ports, ms. */
  readonly afterMs: number;
  readonly everyMs: number;
}

export interface CommandTemplates {
  readonly on: readonly string[];
  readonly off: readonly string[];
  /** Prints "on" or "off". */
  readonly state: readonly string[];
}

const ARGV = z.array(z.string());
const POLICY = z.object({
  management: z.optional(z.string()),
  protectedPorts: z.optional(z.array(z.string())),
  powerPorts: z.optional(z.array(z.string())),
  power: z.optional(
    z.object({
      driver: z.string(),
      command: z.optional(z.object({ on: ARGV, off: ARGV, state: ARGV })),
      cutsPerHour: z.optional(z.number()),
      suppliesWatts: z.optional(z.array(z.number())),
      needsBootLease: z.optional(z.boolean()),
      outlets: z.optional(z.record(z.string(), z.object({ on: ARGV, off: ARGV, state: ARGV }))),
      start: z.optional(
        z.object({ ports: ARGV, afterSeconds: z.optional(z.number()), everySeconds: z.optional(z.number()) }),
      ),
    }),
  ),
});

const DRIVERS = ['none', 'probe', 'ethtool-pse', 'poectl', 'command', 'link'] as const;
/** A shelf of boards that all hang once needs some; a controller gone wild gets no further. */
const CUTS_PER_HOUR = 12;

/** @throws BrambleError `failed-precondition` naming what is wrong with the file */
export function parseSwitchPolicy(text: string, path: string): SwitchPolicy {
  let found: z.infer<typeof POLICY>;
  try {
    found = POLICY.parse(JSON.parse(text));
  } catch (cause) {
    throw unusable(path, 'it is not of its form', cause);
  }
  const { power } = found;
  const driver = DRIVERS.find((each) => each === (power?.driver ?? 'none'));
  if (driver === undefined) throw unusable(path, `power.driver is not one of ${DRIVERS.join(', ')}`);
  if (driver === 'command' && !isUsable(power?.command)) {
    throw unusable(
      path,
      'power.command needs on, off and state, each a program by its absolute path with its arguments',
    );
  }
  const cutsPerHour = power?.cutsPerHour ?? CUTS_PER_HOUR;
  if (!Number.isInteger(cutsPerHour) || cutsPerHour < 0) throw unusable(path, 'power.cutsPerHour is no whole number');
  return {
    management: found.management ?? '',
    protectedPorts: found.protectedPorts ?? [],
    powerPorts: found.powerPorts ?? [],
    power: {
      driver,
      command: power?.command,
      cutsPerHour,
      suppliesMilliwatts: (power?.suppliesWatts ?? []).map((watts) => Math.round(watts * 1_000)),
      needsBootLease: power?.needsBootLease ?? false,
      classPorts: found.powerPorts ?? [],
      outlets: outletsOf(power?.outlets ?? {}, path),
      start: startOf(power?.start),
    },
  };
}

const START = { afterSeconds: 180, everySeconds: 30 } as const;

function startOf(start: NonNullable<z.infer<typeof POLICY>['power']>['start']): StaggeredStart | undefined {
  if (start === undefined) return undefined;
  const { ports, afterSeconds = START.afterSeconds, everySeconds = START.everySeconds } = start;
  return { ports, afterMs: Math.max(0, afterSeconds * 1_000), everyMs: Math.max(1_000, everySeconds * 1_000) };
}

/** @throws BrambleError `failed-precondition` */
function outletsOf(
  found: Readonly<Record<string, CommandTemplates>>,
  path: string,
): ReadonlyMap<string, CommandTemplates> {
  for (const [name, command] of Object.entries(found)) {
    if (!/^[a-z][a-z0-9_-]{0,14}$/.test(name)) throw unusable(path, `power.outlets: ${name.slice(0, 20)} is no name`);
    if (!isUsable(command))
      throw unusable(path, `power.outlets.${name} needs on, off and state, each a program by its path`);
  }
  return new Map(Object.entries(found));
}

function isUsable(command: CommandTemplates | undefined): boolean {
  return (
    command !== undefined && [command.on, command.off, command.state].every(([name]) => name?.startsWith('/') === true)
  );
}

function unusable(path: string, why: string, cause?: unknown): BrambleError {
  const hint = 'it looks like {"management": "eth0", "protectedPorts": ["swp49"], "power": {"driver": "probe"}}';
  return new BrambleError('failed-precondition', `${path} cannot be used: ${why}`, { hint, cause });
}
