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
    },
  };
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
