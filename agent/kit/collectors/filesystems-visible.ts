import type { Mount } from './mount-table.js';

/** On storage of this machine: statfs answers from memory, whatever happens outside. */
const LOCAL_TYPES: ReadonlySet<string> = new Set([
  ...['ext2', 'ext3', 'ext4', 'xfs', 'btrfs', 'f2fs', 'jfs', 'zfs', 'bcachefs', 'nilfs2', 'reiserfs'],
  ...['vfat', 'msdos', 'exfat', 'ntfs3', 'ubifs', 'jffs2', 'hfsplus'],
]);

/** Made by the kernel, or read-only and full by nature: nothing to report, but a path may lead through them. */
const HARMLESS_TYPES: ReadonlySet<string> = new Set([
  ...['tmpfs', 'ramfs', 'rootfs', 'devtmpfs', 'devpts', 'proc', 'sysfs', 'cgroup', 'cgroup2', 'cpuset', 'mqueue'],
  ...['securityfs', 'debugfs', 'tracefs', 'configfs', 'selinuxfs', 'bpf', 'pstore', 'efivarfs', 'hugetlbfs'],
  ...['binfmt_misc', 'nsfs', 'rpc_pipefs', 'nfsd', 'fusectl', 'resctrl'],
  ...['squashfs', 'erofs', 'iso9660', 'udf', 'cramfs', 'romfs'],
]);

/** Bound on the filesystems of one report; a fileserver mounts one or two per Pi. */
export const FILESYSTEMS_MAX = 256;

export interface VisibleFilesystems {
  /** Safe to ask for their size. One mount each, however often bind mounted. */
  readonly local: readonly Mount[];
  /** Network filesystems, FUSE, automounts, overlays, and local ones that can only be reached through such a mount. */
  readonly untouchable: readonly Mount[];
}

/**
 * Divides what a process sees. A path that leads through a network filesystem is as dangerous as that filesystem: the
 * kernel asks its server while it walks the path, and waits for ever when the server is dead.
 */
export function visibleFilesystems(mounts: readonly Mount[]): VisibleFilesystems {
  const tree = new MountTree(mounts);
  const local = new Map<string, Mount>();
  const untouchable: Mount[] = [];
  for (const mount of mounts) {
    if (HARMLESS_TYPES.has(mount.type) || tree.isHidden(mount)) continue;
    const isSafe = tree.pathTo(mount).every(({ type }) => LOCAL_TYPES.has(type) || HARMLESS_TYPES.has(type));
    if (!isSafe || !LOCAL_TYPES.has(mount.type)) {
      if (!isNoise(mount)) untouchable.push(mount);
      continue;
    }
    const known = local.get(mount.device);
    if (known === undefined || isBetter(mount, known)) local.set(mount.device, mount);
  }
  const kept = [...local.values()].slice(0, FILESYSTEMS_MAX);
  return { local: kept, untouchable: untouchable.slice(0, FILESYSTEMS_MAX - kept.length) };
}

export interface LocalMount extends Mount {
  readonly kind: 'local';
}

/**
 * What is mounted there for everybody to see: a filesystem on storage of this machine (or in its memory), reached by
 * nothing but such, or the type of what stands against that. `undefined` = nothing.
 */
export function localMountAt(
  mounts: readonly Mount[],
  mountPoint: string,
): LocalMount | { readonly kind: 'other'; readonly type: string } | undefined {
  const tree = new MountTree(mounts);
  const mount = mounts.findLast((each) => each.mountPoint === mountPoint && !tree.isHidden(each));
  if (mount === undefined) return undefined;
  const above = tree.pathTo(mount).find(({ type }) => !LOCAL_TYPES.has(type) && !HARMLESS_TYPES.has(type));
  const obstacle = above ?? (LOCAL_TYPES.has(mount.type) || mount.type === 'tmpfs' ? undefined : mount);
  return obstacle === undefined ? { ...mount, kind: 'local' } : { kind: 'other', type: obstacle.type };
}

/** Who is mounted on whom. */
class MountTree {
  readonly #byId: ReadonlyMap<number, Mount>;
  readonly #childrenOf = new Map<number, Mount[]>();

  constructor(mounts: readonly Mount[]) {
    this.#byId = new Map(mounts.map((mount) => [mount.id, mount]));
    for (const mount of mounts) {
      const siblings = this.#childrenOf.get(mount.parentId);
      if (siblings === undefined) this.#childrenOf.set(mount.parentId, [mount]);
      else siblings.push(mount);
    }
  }

  /** The mount and those that a path to it leads through, as far as the process sees them. */
  pathTo(mount: Mount): readonly Mount[] {
    const path: Mount[] = [];
    // Bounded by what was seen before: a damaged table could hold a circle.
    for (let at: Mount | undefined = mount; at !== undefined && !path.includes(at); at = this.#byId.get(at.parentId)) {
      path.push(at);
    }
    return path;
  }

  /** Something else is mounted over it, or over a directory on the way to it. */
  isHidden(mount: Mount): boolean {
    const path = this.pathTo(mount);
    return path.some((at) => {
      // What covers a mount below it on its own path is the mount itself: the top of a pile is what everybody sees.
      const isCovered = this.#childrenOf
        .get(at.id)
        ?.some((child) => !path.includes(child) && child.mountPoint === at.mountPoint);
      const siblings = this.#childrenOf.get(at.parentId) ?? [];
      return isCovered === true || siblings.some((sibling) => isBelow(at.mountPoint, sibling.mountPoint));
    });
  }
}

function isBelow(path: string, above: string): boolean {
  return path !== above && path.startsWith(above === '/' ? '/' : `${above}/`);
}

/** The whole filesystem rather than a part of it; then the shorter name. */
function isBetter(mount: Mount, known: Mount): boolean {
  if ((mount.root === '/') !== (known.root === '/')) return mount.root === '/';
  return mount.mountPoint.length < known.mountPoint.length;
}

/** Comes and goes with containers and sessions, and says nothing about the node. */
function isNoise({ type, mountPoint }: Mount): boolean {
  if (type === 'overlay' && mountPoint !== '/') return true;
  return ['/proc', '/sys', '/dev', '/run/user'].some((above) => isBelow(mountPoint, above));
}
