import { type Document, parseDocument, visit } from 'yaml';
import * as z from 'zod/mini';
import { BrambleError } from '../../proto/contract/errors.js';
import { isMountPoint } from '../../proto/contract/mount-point.js';
import type { ClientMode } from '../../proto/contract/overlay/network.js';
import { describeIssue } from './config-issues.js';
import { isUnitName } from './host/unit-name.js';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export type ServicesConfig =
  | { readonly kind: 'systemd' }
  /** Restarts and reboots are refused. */
  | { readonly kind: 'none' }
  /** Units are child processes of the agent: for labs and for trying Bramble out. */
  | { readonly kind: 'child'; readonly units: Readonly<Record<string, readonly [string, ...string[]]>> };

export interface JoinConfig {
  /** "host:port" of the controller's enrolment listener. */
  readonly controller: string;
  /** Lower-case hex SHA-256 of the controller's root key (SubjectPublicKeyInfo). */
  readonly pin: string;
  /** Where the token is: in a file of its own, or here. */
  readonly token:
    | { readonly kind: 'file'; readonly path: string }
    | { readonly kind: 'inline'; readonly value: string };
}

export interface AgentConfig {
  /** Absent = the program's own place. */
  readonly stateDir: string | undefined;
  /** Needed until the node has enrolled once. */
  readonly join: JoinConfig | undefined;
  readonly allowedUnits: readonly string[];
  /** The storage below the state is verified by writing to it. */
  readonly verifyWrites: boolean;
  /** Mount points that the controller may have remounted. */
  readonly allowedMounts: readonly string[];
  /** Most commands that are begun within an hour, whatever the controller says; absent = no limit. */
  readonly actionsPerHour: number | undefined;
  /** Socket of the helper that has root's rights; absent = the agent asks the service manager itself. */
  readonly helperSocket: string | undefined;
  /** Unix socket of the helper that keeps roots of boards; `undefined` = the same helper. */
  readonly rootsSocket?: string | undefined;
  readonly services: ServicesConfig;
  /** A tunnel of the overlay that this node keeps; absent = it has none of its own. */
  readonly tunnel?: TunnelConfig | undefined;
  readonly logLevel: LogLevel;
}

export interface TunnelConfig {
  /** For the whole site (fileservers), or for this node alone. */
  readonly mode: ClientMode;
  /** Where its files are; only for an agent without a helper. */
  readonly dir?: string | undefined;
}

// zod/mini, and not zod: its full form costs an agent 4 MB of memory for good.
const path = z.string().check(z.regex(/^\/[^\0]*$/, 'must be an absolute path'));
const unit = z.string().check(z.refine(isUnitName, 'must be a full unit name, such as ssh.service'));
const mount = z.string().check(z.refine(isMountPoint, 'must be a mount point, such as /boot/firmware'));
const argv = z.array(z.string()).check(z.minLength(1, 'must name a program'));

const JOIN = z.strictObject({
  controller: z
    .string()
    .check(z.regex(/^(\[[0-9A-Fa-f:.]+\]|[^\s:[\]]+):[1-9]\d{0,4}$/, 'must be host:port, IPv6 in brackets')),
  pin: z.string().check(z.regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hex digits')),
  tokenFile: z.optional(path),
  token: z.optional(z.string().check(z.regex(/^\S+$/, 'must be one word'))),
});

const CONFIG = z.strictObject({
  stateDir: z.optional(path),
  join: z.optional(JOIN),
  allowedUnits: z._default(z.array(unit), []),
  verifyWrites: z._default(z.enum(['true', 'false']), 'false'),
  allowedMounts: z._default(z.array(mount), []),
  actionsPerHour: z.optional(z.string().check(z.regex(/^[1-9]\d{0,3}$/, 'must be a whole number from 1 to 9999'))),
  helperSocket: z.optional(path),
  rootsSocket: z.optional(path),
  services: z._default(
    z.union(
      [z.enum(['systemd', 'none']), z.strictObject({ child: z.strictObject({ units: z.record(unit, argv) }) })],
      'must be systemd, none, or child with its units',
    ),
    'systemd',
  ),
  tunnel: z.optional(z.strictObject({ mode: z.enum(['gateway', 'standalone']), dir: z.optional(path) })),
  logLevel: z._default(z.enum(LOG_LEVELS), 'info'),
});

/**
 * Judges a configuration file; reads none itself. An empty file is a valid one.
 * @param name of the file, for messages.
 * @throws BrambleError `invalid-argument` once, with every problem and its path.
 */
export function parseAgentConfig(text: string, name: string): AgentConfig {
  // Every value is text: a pin of decimal digits must not become a number.
  const document = parseDocument(text, { schema: 'failsafe' });
  const strange = [...document.errors, ...document.warnings].map(({ message }) =>
    (message.split('\n', 1)[0] ?? message).replace(/:$/, ''),
  );
  if (document.errors.length === 0 && hasAlias(document)) strange.push('aliases (*name) are not allowed');
  if (strange.length > 0) throw invalid(name, strange);
  const judged = CONFIG.safeParse(document.toJS() ?? {}, { reportInput: true });
  if (!judged.success) throw invalid(name, judged.error.issues.flatMap(describeIssue));
  const { join, services, helperSocket, stateDir, verifyWrites, actionsPerHour, ...rest } = judged.data;
  return {
    ...rest,
    stateDir,
    helperSocket,
    actionsPerHour: actionsPerHour === undefined ? undefined : Number(actionsPerHour),
    verifyWrites: verifyWrites === 'true',
    join: join && joinConfig(join, name),
    services: servicesConfig(services),
  };
}

/** Nothing here is long enough to need one, and a few of them can stand for gigabytes. */
function hasAlias(document: Document): boolean {
  let found = false;
  visit(document, {
    Alias: () => {
      found = true;
      return visit.BREAK;
    },
  });
  return found;
}

function joinConfig({ controller, pin, tokenFile, token }: z.infer<typeof JOIN>, name: string): JoinConfig {
  if (tokenFile !== undefined && token === undefined)
    return { controller, pin, token: { kind: 'file', path: tokenFile } };
  if (token !== undefined && tokenFile === undefined)
    return { controller, pin, token: { kind: 'inline', value: token } };
  throw invalid(name, ['join: needs either tokenFile or token']);
}

function servicesConfig(given: z.infer<typeof CONFIG>['services']): ServicesConfig {
  if (typeof given === 'string') return { kind: given };
  const units = Object.entries(given.child.units).map(([unitName, [program, ...args]]) => {
    return [unitName, [program ?? '', ...args]] as const; // the schema refuses an empty list
  });
  return { kind: 'child', units: Object.fromEntries(units) };
}

function invalid(name: string, problems: readonly string[]): BrambleError {
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
  return new BrambleError('invalid-argument', `${name}: ${count}: ${problems.join('; ')}`, {
    hint: `correct ${name}; every setting is described in the example that comes with the package`,
  });
}
