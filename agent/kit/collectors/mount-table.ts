import { BrambleError } from '../../../proto/contract/errors.js';
import { wholeNumber } from './sample.js';

export interface Mount {
  readonly id: number;
  readonly parentId: number;
  /** major:minor of the filesystem; bind mounts and subvolumes share it. */
  readonly device: string;
  /** What of the filesystem is mounted here: "/" is all of it. */
  readonly root: string;
  readonly mountPoint: string;
  /** Of the filesystem itself. A service's sandbox sees writable filesystems through read-only mounts: that is not this. */
  readonly isReadOnly: boolean;
  readonly type: string;
  /** Block device or, of a network filesystem, the server's export. */
  readonly source: string;
}

/** ext4 since Linux 6.15 leaves the superblock writable in name when an error or ioctl has stopped all writing. */
const STOPPED_WRITING = ['emergency_ro', 'shutdown'];

/**
 * Parses mountinfo, one mount per line. Source: proc_pid_mountinfo(5); Linux fs/proc_namespace.c, show_mountinfo().
 * @throws BrambleError `data-loss` for a line cut short: what is left of it could look healthier than it is.
 */
export function parseMountInfo(text: string): readonly Mount[] {
  if (!text.endsWith('\n')) throw new BrambleError('data-loss', 'mountinfo: cut short');
  return text.slice(0, -1).split('\n').map(parseLine);
}

function parseLine(line: string): Mount {
  const fields = line.split(' ');
  const separator = fields.indexOf('-', 6);
  const [id, parentId, device, root, mountPoint] = fields;
  const [type, source, options] = separator < 0 ? [] : fields.slice(separator + 1);
  if (device === undefined || root === undefined || mountPoint === undefined || source === undefined)
    throw strange(line);
  const superOptions = options?.split(',') ?? [];
  const access = superOptions[0];
  const isAbsolute = mountPoint.startsWith('/');
  if (type === undefined || type === '' || !isAbsolute || (access !== 'ro' && access !== 'rw')) throw strange(line);
  return {
    id: wholeNumber(id, 'mountinfo id'),
    parentId: wholeNumber(parentId, 'mountinfo parent id'),
    device,
    root: unescapeOctal(root),
    mountPoint: unescapeOctal(mountPoint),
    isReadOnly: access === 'ro' || superOptions.some((option) => STOPPED_WRITING.includes(option)),
    type: unescapeOctal(type),
    source: unescapeOctal(source),
  };
}

function strange(line: string): BrambleError {
  return new BrambleError('data-loss', `mountinfo: a line of another form: ${JSON.stringify(line.slice(0, 80))}`);
}

/** The kernel writes space, tab, newline, backslash and # as \ooo. */
function unescapeOctal(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replace(/\\([0-3][0-7]{2})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
