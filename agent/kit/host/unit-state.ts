import { BrambleError } from '../../../proto/contract/errors.js';
import type { Exec, ExecResult, ServiceState } from './ports.js';
import { isUnitName } from './unit-name.js';

const TIMEOUT_MS = 10_000;

/** Refuses what systemctl would take for an option or a pattern. Source: systemd.unit(5). @throws `invalid-argument` */
export function checkUnitName(unit: string): void {
  if (isUnitName(unit)) return;
  throw new BrambleError('invalid-argument', `not a unit name: ${JSON.stringify(unit.slice(0, 64))}`, {
    hint: 'give the full name, such as "ssh.service"',
  });
}

/** Asks systemd; needs no privilege. Source: systemctl(1), show; org.freedesktop.systemd1(5). */
export async function readUnitState(exec: Exec, unit: string, signal: AbortSignal): Promise<ServiceState> {
  checkUnitName(unit);
  const properties = '--property=LoadState,ActiveState,InvocationID';
  const result = await runSystemctl(exec, ['show', properties, '--', unit], { signal, timeoutMs: TIMEOUT_MS });
  const values = new Map(
    result.stdout.split('\n').map((line) => [line.split('=', 1)[0], line.slice(line.indexOf('=') + 1)]),
  );
  if (values.get('LoadState') === 'not-found') throw new BrambleError('not-found', `no such unit: ${unit}`);
  const active = values.get('ActiveState');
  if (active === undefined) throw new BrambleError('data-loss', `systemctl show ${unit} did not name its ActiveState`);
  return { active, invocationId: values.get('InvocationID') ?? '' };
}

/** @throws BrambleError `unsupported` (no systemd here), `not-found`, `permission-denied`, `failed-precondition` */
export async function runSystemctl(
  exec: Exec,
  args: readonly string[],
  limits: { readonly signal: AbortSignal; readonly timeoutMs: number },
): Promise<ExecResult> {
  let result: ExecResult;
  try {
    result = await exec.run(['systemctl', ...args], limits);
  } catch (error) {
    if (BrambleError.from(error).code !== 'not-found') throw error;
    throw new BrambleError('unsupported', 'there is no systemctl on this machine', { cause: error });
  }
  if (result.status === 0) return result;
  const said = result.stderr.trim().slice(0, 500);
  throw systemctlError(said === '' ? `systemctl ${args.join(' ')} ended with ${result.status}` : said);
}

/** What systemctl says on standard error, in the C locale. Source: systemd 247 to 257, src/systemctl and src/shared. */
function systemctlError(said: string): BrambleError {
  if (/not been booted with systemd|Failed to connect to (?:system scope )?bus/.test(said)) {
    return new BrambleError('unsupported', 'systemd does not run on this machine');
  }
  if (/Unit \S+ (?:not found|could not be found|not loaded)/.test(said)) return new BrambleError('not-found', said);
  if (/Access denied|authentication required|Permission denied/i.test(said)) {
    const hint = 'run the privileged helper unit, or allow the action for the user that runs the agent';
    return new BrambleError('permission-denied', said, { hint });
  }
  return new BrambleError('failed-precondition', said);
}
