import { BrambleError } from '../../../proto/contract/errors.js';
import { parseAllowance } from '../node-config/allowance.js';
import { type ConfigAllowance, NOTHING_ALLOWED } from '../node-config/machine.js';

/** What root allows the agent's user to ask for. Root's own file: the agent can neither write nor widen it. */
export interface HelperPolicy {
  /** Who may ask: a user name of /etc/passwd, or a uid. Root always may. */
  readonly user: string | number;
  /** Units that may be restarted, by their exact names. */
  readonly units: readonly string[];
  readonly reboot: boolean;
  /** What node configs may manage; nothing when the file does not say. */
  readonly config: ConfigAllowance;
}

const HINT = 'it looks like {"user": "bramble-agent", "units": ["ssh.service"], "reboot": true}';

/** @throws BrambleError `failed-precondition` naming everything that is wrong with the file */
export function parsePolicy(text: string, path: string): HelperPolicy {
  const problems: string[] = [];
  const { user, units = [], reboot = false, config, ...rest } = parseObject(text, path);
  for (const name of Object.keys(rest)) problems.push(`unknown field ${JSON.stringify(name)}`);
  const isUser =
    (typeof user === 'string' && user !== '') || (typeof user === 'number' && Number.isSafeInteger(user) && user >= 0);
  if (!isUser) problems.push('user must be a name or a uid');
  const names = Array.isArray(units) ? units.filter((unit) => typeof unit === 'string') : [];
  if (!Array.isArray(units) || names.length !== units.length) problems.push('units must be a list of names');
  if (typeof reboot !== 'boolean') problems.push('reboot must be true or false');
  const allowance = config === undefined ? NOTHING_ALLOWED : parseAllowance(config, problems);
  if (problems.length > 0 || !isUser || typeof reboot !== 'boolean') throw unusable(path, problems.join('; '));
  return { user, units: names, reboot, config: allowance };
}

/** Uid of a user in the text of /etc/passwd; `undefined` when it is not there. Source: passwd(5). */
export function uidOf(user: string, passwd: string): number | undefined {
  const fields = passwd
    .split('\n')
    .map((line) => line.split(':'))
    .find(([name]) => name === user);
  return fields?.[2] !== undefined && /^\d+$/.test(fields[2]) ? Number(fields[2]) : undefined;
}

function parseObject(text: string, path: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw unusable(path, 'not JSON', cause);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw unusable(path, 'not a JSON object');
  return { ...value };
}

function unusable(path: string, why: string, cause?: unknown): BrambleError {
  return new BrambleError('failed-precondition', `${path} cannot be used: ${why}`, { hint: HINT, cause });
}
