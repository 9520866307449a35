import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseTree } from '../fixtures/tree.js';

/** Programs and libraries of this machine; in a root of their own they find these, and the recorded files besides. */
const SHARED_FOLDERS = ['/usr', '/bin', '/lib', '/lib64'] as const;

/** What a program reads of itself, which no tree holds: that of this process stands for it. */
const OWN_FILES = ['/proc/self/stat', '/proc/self/status', '/proc/self/io'] as const;

/** $0 is the root, the words up to "--" are folders to share, the rest is the program. The namespace ends with it. */
const ENTER = `
  while [ "$1" != -- ]; do mount --bind "$1" "$0$1" || exit 1; shift; done
  shift; exec chroot "$0" "$@"`;

/** A root with recorded /proc, /sys and /etc, in which programs of this machine run. Needs root's rights. */
export class RecordedRoot {
  readonly #dir: string;
  readonly #shared: readonly string[];

  private constructor(dir: string, shared: readonly string[]) {
    this.#dir = dir;
    this.#shared = shared;
  }

  /**
   * @param treeFile a fixture tree of kernel files
   * @param programs files that will run; their folders are shared
   */
  static make(treeFile: string, programs: readonly string[]): RecordedRoot {
    const dir = mkdtempSync(join(tmpdir(), 'bramble-bench-root-'));
    const shared = [...new Set([...SHARED_FOLDERS, ...programs.map(dirname)])].filter((folder) => existsSync(folder));
    const tree = new Map(Object.entries(parseTree(readFileSync(treeFile, 'utf8'))));
    for (const path of OWN_FILES) tree.set(path, readFileSync(path, 'latin1'));
    const mounts = mountsOf(tree.get('/proc/self/mountinfo') ?? '');
    tree.set('/proc/self/mounts', mounts);
    // As in the kernel's own tree, these are links: programs insist on it.
    mkdirSync(join(dir, '/proc/1/net'), { recursive: true });
    symlinkSync('1', join(dir, '/proc/self'));
    symlinkSync('self/net', join(dir, '/proc/net'));
    for (const [path, content] of tree) {
      mkdirSync(join(dir, dirname(path)), { recursive: true });
      writeFileSync(join(dir, path), Buffer.from(content, 'latin1'));
    }
    const mountPoints = [...mounts.matchAll(/^\S+ (\S+)/gm)].map(([, point = '/']) => point);
    for (const folder of [...shared, ...mountPoints]) mkdirSync(join(dir, folder), { recursive: true });
    return new RecordedRoot(dir, shared);
  }

  /** The command that runs `argv` in here. */
  enter(argv: readonly string[]): readonly string[] {
    return ['unshare', '--mount', 'sh', '-c', ENTER, this.#dir, ...this.#shared, '--', ...argv];
  }

  remove(): void {
    rmSync(this.#dir, { recursive: true });
  }
}

/** /proc/PID/mounts as it goes with a mountinfo. Source: proc_pid_mountinfo(5), fstab(5). */
function mountsOf(mountinfo: string): string {
  const lines = mountinfo.split('\n').filter((line) => line !== '');
  return lines
    .map((line) => {
      const [before = '', after = ''] = line.split(' - ');
      const [, , , , point, options] = before.split(' ');
      const [type, source] = after.split(' ');
      return `${source} ${point} ${type} ${options} 0 0\n`;
    })
    .join('');
}
