import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** A running process as /proc shows it. */
export interface ProcessInfo {
  readonly pid: number;
  readonly parentPid: number;
  readonly argv: readonly string[];
}

export function allProcesses(): readonly ProcessInfo[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name): ProcessInfo[] => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
        const parentPid = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
        const argv = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0').slice(0, -1);
        return [{ pid: Number(name), parentPid, argv }];
      } catch {
        return []; // it ended in between
      }
    });
}

/** A process and everything that it started, directly or not. */
export function treeOf(pid: number): readonly ProcessInfo[] {
  const all = allProcesses();
  const tree = all.filter((process) => process.pid === pid);
  for (let before = -1; before !== tree.length; ) {
    before = tree.length;
    const pids = new Set(tree.map((process) => process.pid));
    tree.push(...all.filter((process) => pids.has(process.parentPid) && !pids.has(process.pid)));
  }
  return tree;
}

/** "address:port" of every TCP socket on which one of the processes listens; format: proc_pid_net(5). */
export function listeningOn(processes: readonly ProcessInfo[]): readonly string[] {
  const inodes = new Set(processes.flatMap(({ pid }) => socketInodes(pid)));
  const lines = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) => readFileSync(file, 'utf8').split('\n').slice(1));
  return lines.flatMap((line) => {
    const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/);
    if (state !== '0A' || !inodes.has(inode)) return [];
    const [address = '', port = ''] = local.split(':');
    return [`${address === '0100007F' ? '127.0.0.1' : address}:${Number.parseInt(port, 16)}`];
  });
}

function socketInodes(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      const match = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`));
      return match?.[1] === undefined ? [] : [match[1]];
    });
  } catch {
    return []; // it ended in between
  }
}
