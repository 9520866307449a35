import { BrambleError } from '../../proto/contract/errors.js';
import type { ActuatorHost } from '../actuator/host.js';

/** A port that is off for a moment. On storage before it goes off, and until it was seen to be on. */
export interface OpenCycle {
  readonly port: string;
  readonly bootId: string;
  /** Milliseconds since that boot from which on somebody else brings it on. */
  readonly onFromMs: number;
}

/** What is remembered of power beyond one command. */
export interface PowerMemory {
  readonly bootId: string;
  /** Milliseconds since that boot at which power was cut, of the last hour. */
  readonly cutsAtMs: readonly number[];
  /** Ports that somebody wants off, and ports that somebody wants on: what was asked for last of each. */
  readonly keptOff: readonly string[];
  readonly keptOn: readonly string[];
  /** Milliseconds since that boot of the last order, whoever gave it; 0 = none. */
  readonly orderedAtMs: number;
}

/** What was asked for last; empty = nothing yet. Whoever changes it by hand at the switch is left alone: that is told, not undone. */
export function desiredOf({ keptOff, keptOn }: PowerMemory, port: string): 'on' | 'off' | '' {
  if (keptOff.includes(port)) return 'off';
  return keptOn.includes(port) ? 'on' : '';
}

export function withDesired(memory: PowerMemory, port: string, wanted: 'on' | 'off'): PowerMemory {
  const without = (ports: readonly string[]): readonly string[] => ports.filter((each) => each !== port);
  const [keptOff, keptOn] = [without(memory.keptOff), without(memory.keptOn)];
  return wanted === 'off'
    ? { ...memory, keptOff: [...keptOff, port], keptOn }
    : { ...memory, keptOff, keptOn: [...keptOn, port] };
}

type On = Pick<ActuatorHost, 'files' | 'paths' | 'kernel'>;

/** A file for each port: processes that cycle different ports never write the same one. */
const fileOf = ({ paths }: On, port: string): string => `${paths.cycles}/${port}.json`;

export async function openCycle(on: On, cycle: OpenCycle): Promise<void> {
  await on.files.writeAtomic(fileOf(on, cycle.port), `${JSON.stringify(cycle)}\n`);
}

export async function closeCycle(on: On, port: string): Promise<void> {
  await on.files.remove(fileOf(on, port));
}

/** One that cannot be read is overdue: its port comes on. */
export async function readCycles(on: On): Promise<readonly OpenCycle[]> {
  const names = (on.kernel.list(on.paths.cycles) ?? []).flatMap((name) => {
    const port = /^([a-z][a-z0-9_-]{0,14})\.json$/.exec(name)?.[1];
    return port === undefined ? [] : [port];
  });
  const found: OpenCycle[] = [];
  for (const port of names) {
    const text = await on.files.readText(fileOf(on, port));
    if (text !== undefined) found.push(parseCycle(text, port) ?? { port, bootId: '', onFromMs: 0 });
  }
  return found;
}

function parseCycle(text: string, port: string): OpenCycle | undefined {
  const value = parseJson(text);
  const isObject = typeof value === 'object' && value !== null;
  if (!isObject || !('bootId' in value) || !('onFromMs' in value)) return undefined;
  const { bootId, onFromMs } = value;
  return typeof bootId === 'string' && typeof onFromMs === 'number' ? { port, bootId, onFromMs } : undefined;
}

/** @throws BrambleError `data-loss` for a record that cannot be read: then nobody knows how often power was cut */
export async function readPower({ files, paths }: On): Promise<PowerMemory> {
  const text = await files.readText(paths.power);
  if (text === undefined) return NOTHING;
  const value = parseJson(text);
  // What an earlier release wrote has not all of it.
  const whole = typeof value === 'object' && value !== null ? { ...NOTHING, ...value } : value;
  if (isMemory(whole)) return whole;
  throw new BrambleError('data-loss', `${paths.power} is not a record of power`);
}

export async function writePower({ files, paths }: On, memory: PowerMemory): Promise<void> {
  await files.writeAtomic(paths.power, `${JSON.stringify(memory)}\n`);
}

const NOTHING: PowerMemory = { bootId: '', cutsAtMs: [], keptOff: [], keptOn: [], orderedAtMs: 0 };

function isMemory(value: unknown): value is PowerMemory {
  if (typeof value !== 'object' || value === null) return false;
  const { keptOff, keptOn, cutsAtMs, bootId, orderedAtMs }: Partial<Record<keyof PowerMemory, unknown>> = value;
  if (!Array.isArray(cutsAtMs) || typeof bootId !== 'string' || typeof orderedAtMs !== 'number') return false;
  const areNames = [keptOff, keptOn].every((of) => Array.isArray(of) && of.every((each) => typeof each === 'string'));
  return areNames && cutsAtMs.every((each) => typeof each === 'number');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // said by the caller
  }
}
