import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

const POLL_MS = 50;
const END_MS_MAX = 5_000;

export interface Launch {
  readonly name: string;
  readonly argv: readonly [string, ...string[]];
  /** Network namespace; absent = this machine's own. */
  readonly namespace?: string;
  /** It ends when the process that started it ends, however that ends. */
  readonly diesWithParent: boolean;
}

/** Starts a program of the rack in the background; what it says goes to NAME.out, who it is to NAME.pid. */
export async function launch(dir: string, { name, argv, namespace, diesWithParent }: Launch): Promise<number> {
  const inside = namespace === undefined ? argv : (['ip', 'netns', 'exec', namespace, ...argv] as const);
  const [program, ...args] = diesWithParent ? (['setpriv', '--pdeathsig', 'KILL', ...inside] as const) : inside;
  const out = openSync(path.join(dir, `${name}.out`), 'a', 0o600);
  try {
    const child = spawn(program, args, { detached: true, stdio: ['ignore', out, out] });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    child.unref();
    const pid = child.pid ?? 0;
    writeFileSync(pidFile(dir, name), `${pid} ${startTimeOf(pid) ?? ''}\n`);
    return pid;
  } finally {
    closeSync(out);
  }
}

/** Process id of a program of the rack; `undefined` when it does not run, even when its number has been given away. */
export function runningPid(dir: string, name: string): number | undefined {
  const file = pidFile(dir, name);
  if (!existsSync(file)) return undefined;
  const [pid = '', startTime] = readFileSync(file, 'utf8').trim().split(' ');
  return isSame(Number(pid), startTime) ? Number(pid) : undefined;
}

/** Ends a program and waits until it is gone. */
export async function end(dir: string, name: string, signal: 'SIGTERM' | 'SIGKILL' = 'SIGKILL'): Promise<void> {
  const pid = runningPid(dir, name);
  if (pid !== undefined) {
    process.kill(pid, signal);
    const endsAtMs = performance.now() + END_MS_MAX;
    while (runningPid(dir, name) !== undefined) {
      if (performance.now() > endsAtMs) process.kill(pid, 'SIGKILL');
      await wait(POLL_MS);
    }
  }
  rmSync(pidFile(dir, name), { force: true });
}

const pidFile = (dir: string, name: string): string => path.join(dir, `${name}.pid`);

export function isSame(pid: number, startTime: string | undefined): boolean {
  const now = startTimeOf(pid);
  return now !== undefined && now === startTime;
}

/** Field 22 of proc_pid_stat(5), which tells two processes of the same number apart; `undefined` for none and for a zombie. */
export function startTimeOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}
