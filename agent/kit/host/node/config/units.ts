import { BrambleError } from '../../../../../proto/contract/errors.js';
import type { UnitCondition } from '../../../node-config/machine.js';
import type { Exec } from '../../ports.js';
import { checkUnitName, runSystemctl } from '../../unit-state.js';

const LOOK_MS = 10_000;
const CHANGE_MS = 90_000;

/** Source: systemctl(1), is-enabled. Units in other states have nothing of their own to be enabled by. */
const ENABLED: Readonly<Record<string, boolean>> = { enabled: true, 'enabled-runtime': true, disabled: false };
/** On the way up counts as up: what does not get there is found as drift. */
const RUNNING: readonly string[] = ['active', 'activating', 'reloading'];

/** @throws BrambleError `not-found`, `failed-precondition` (masked), `unsupported` (no systemd) */
export async function readUnitCondition(exec: Exec, unit: string): Promise<UnitCondition> {
  checkUnitName(unit);
  const properties = '--property=LoadState,ActiveState,UnitFileState';
  const { stdout } = await runSystemctl(exec, ['show', properties, '--', unit], limits(LOOK_MS));
  const values = new Map(stdout.split('\n').map((line) => [line.split('=', 1)[0], line.slice(line.indexOf('=') + 1)]));
  const loaded = values.get('LoadState');
  if (loaded === 'not-found') throw new BrambleError('not-found', `no such unit: ${unit}`);
  if (loaded === 'masked') throw new BrambleError('failed-precondition', `somebody has masked ${unit}`);
  const active = values.get('ActiveState');
  if (active === undefined) throw new BrambleError('data-loss', `systemctl show ${unit} did not name its ActiveState`);
  return { enabled: ENABLED[values.get('UnitFileState') ?? ''], running: RUNNING.includes(active) };
}

export async function setUnitCondition(exec: Exec, unit: string, wanted: UnitCondition): Promise<void> {
  const now = await readUnitCondition(exec, unit);
  if (wanted.enabled !== undefined && wanted.enabled !== now.enabled) {
    await runSystemctl(exec, [wanted.enabled ? 'enable' : 'disable', '--', unit], limits(CHANGE_MS));
  }
  if (wanted.running !== now.running) {
    await runSystemctl(exec, [wanted.running ? 'start' : 'stop', '--', unit], limits(CHANGE_MS));
  }
}

/** Only when it runs: who stopped it had a reason. */
export async function restartIfRunning(exec: Exec, unit: string): Promise<void> {
  await runSystemctl(exec, ['try-restart', '--', unit], limits(CHANGE_MS));
}

function limits(timeoutMs: number) {
  return { signal: new AbortController().signal, timeoutMs };
}
