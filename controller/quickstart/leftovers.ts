import { readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';

const TERM_MS_MAX = 8_000;
const POLL_MS = 50;

/**
 * Ends programs that an earlier run started and could not end (it was killed). Otherwise the old agent would stand
 * beside the new one with the same identity, which looks like a stolen one. A pid alone proves nothing, so a process is
 * touched only when its command line names a file in our data directory.
 */
export async function endLeftovers(pids: readonly number[], dataDir: string): Promise<number> {
  const ours: number[] = [];
  for (const pid of pids) if (await isOurs(pid, dataDir)) ours.push(pid);
  for (const pid of ours) signal(pid, 'SIGTERM');
  for (let waited = 0; waited < TERM_MS_MAX; waited += POLL_MS) {
    const alive = await Promise.all(ours.map((pid) => isOurs(pid, dataDir)));
    if (!alive.includes(true)) return ours.length;
    await wait(POLL_MS);
  }
  for (const pid of ours) if (await isOurs(pid, dataDir)) signal(pid, 'SIGKILL');
  return ours.length;
}

async function isOurs(pid: number, dataDir: string): Promise<boolean> {
  const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return commandLine.split('\0').some((argument) => argument.startsWith(`${dataDir}/`));
}

function signal(pid: number, name: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(pid, name);
  } catch {
    // it ended in between
  }
}
