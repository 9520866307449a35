/** What the kernel and the tools of storage show of a simulated array: pure renderings of its state. */
import type { SimKernelFile } from '../../agent/sim/sim-kernel-files.js';
import { syncSpeedKibPerS } from './storage.js';
import {
  ARRAY,
  ARRAY_UUID,
  COMPONENT_KIB,
  DISK_SECTORS,
  type Disk,
  MEMBERS_WANTED,
  type Member,
  missingCount,
  type StorageState,
} from './storage-state.js';

type Files = Readonly<Record<string, SimKernelFile>>;

const SECTORS_PER_KIB = 2;
const HOUR_MS = 3_600_000;

/** Sources: Linux Documentation/admin-guide/md.rst; Documentation/ABI/stable/sysfs-block; drivers/md/md.c, md_seq_show(). */
export function renderStorageFiles(state: StorageState): Files {
  const files: Record<string, SimKernelFile> = { '/proc/mdstat': renderMdstat(state), ...arrayFiles(state) };
  for (const { name } of state.disks) {
    files[`/sys/block/${name}/size`] = `${DISK_SECTORS}\n`;
    files[`/sys/block/${name}/inflight`] = '       0        0\n';
    files[`/sys/class/block/${name}/size`] = `${DISK_SECTORS}\n`;
    if (state.members.some(({ disk }) => disk === name)) files[`/sys/class/block/${name}/holders/${ARRAY}`] = '';
  }
  return files;
}

function arrayFiles(state: StorageState): Files {
  const { action, doneKib, members } = state;
  const md = `/sys/block/${ARRAY}/md`;
  const isBusy = action !== 'idle';
  const files: Record<string, SimKernelFile> = {
    [`/sys/block/${ARRAY}/size`]: `${COMPONENT_KIB * SECTORS_PER_KIB}\n`,
    [`${md}/level`]: 'raid1\n',
    [`${md}/array_state`]: 'active\n',
    [`${md}/raid_disks`]: `${MEMBERS_WANTED}\n`,
    [`${md}/degraded`]: `${missingCount(state)}\n`,
    [`${md}/component_size`]: `${COMPONENT_KIB}\n`,
    [`${md}/metadata_version`]: '1.2\n',
    [`${md}/uuid`]: `${ARRAY_UUID}\n`,
    [`${md}/mismatch_cnt`]: '0\n',
    [`${md}/bitmap/location`]: '+8\n',
    [`${md}/sync_action`]: `${action}\n`,
    [`${md}/sync_speed`]: isBusy ? `${syncSpeedKibPerS(state, state.atMs)}\n` : 'none\n',
    [`${md}/sync_completed`]: isBusy
      ? `${Math.floor(doneKib) * SECTORS_PER_KIB} / ${COMPONENT_KIB * SECTORS_PER_KIB}\n`
      : 'none\n',
  };
  const isCopied = (slot: number | undefined): boolean =>
    members.some((each) => each.state === 'replacement' && each.slot === slot);
  for (const member of members) {
    const folder = `${md}/dev-${member.disk}`;
    files[`${folder}/state`] = `${flagsOf(member, isCopied(member.slot))}\n`;
    files[`${folder}/slot`] = `${member.slot ?? 'none'}\n`;
    files[`${folder}/errors`] = `${member.readErrorsCount}\n`;
  }
  return files;
}

function flagsOf({ state }: Member, isCopied: boolean): string {
  switch (state) {
    case 'in-sync':
      return isCopied ? 'in_sync,want_replacement' : 'in_sync';
    case 'replacement':
      return 'spare,replacement';
    case 'rebuilding':
    case 'spare':
      return 'spare';
    case 'faulty':
      return 'faulty';
  }
}

function renderMdstat(state: StorageState): string {
  const { action, doneKib, members } = state;
  const marks = { 'in-sync': '', rebuilding: '', spare: '(S)', faulty: '(F)', replacement: '(R)' } as const;
  const list = members
    .map((each, at) => `${each.disk}[${each.slot ?? at + MEMBERS_WANTED}]${marks[each.state]}`)
    .join(' ');
  const up = Array.from({ length: MEMBERS_WANTED }, (_, slot) =>
    members.some((each) => each.slot === slot && each.state === 'in-sync') ? 'U' : '_',
  ).join('');
  const head = `Personalities : [raid1] \n${ARRAY} : active raid1 ${list}\n`;
  const counts = `[${MEMBERS_WANTED}/${MEMBERS_WANTED - missingCount(state)}] [${up}]`;
  const size = `      ${COMPONENT_KIB} blocks super 1.2 ${counts}\n`;
  return `${head}${size}${action === 'idle' ? '' : progress(state, action, doneKib)}      bitmap: 1/1 pages [4KB], 65536KB chunk\n\nunused devices: <none>\n`;
}

function progress(state: StorageState, action: 'recover' | 'check', doneKib: number): string {
  const word = action === 'recover' ? 'recovery' : 'check';
  const percent = ((doneKib / COMPONENT_KIB) * 100).toFixed(1);
  const speed = syncSpeedKibPerS(state, state.atMs);
  const minutes = ((COMPONENT_KIB - doneKib) / speed / 60).toFixed(1);
  const bar = `[${'='.repeat(Math.floor(Number(percent) / 5))}>${'.'.repeat(20 - Math.floor(Number(percent) / 5))}]`;
  return `      ${bar}  ${word} = ${percent}% (${Math.floor(doneKib)}/${COMPONENT_KIB}) finish=${minutes}min speed=${speed}K/sec\n`;
}

/** Lines of /proc/diskstats. Source of the columns: Linux Documentation/admin-guide/iostats.rst. */
export function renderStorageDiskstats({ disks }: StorageState): string {
  return disks
    .map(({ name, readKib, writtenKib }, index) => {
      const [reads, writes] = [Math.floor(readKib / 256), Math.floor(writtenKib / 64)];
      const [readMs, writeMs] = [Math.floor(reads * 0.7), Math.floor(writes * 1.4)];
      // A disk that is read as fast as the lane allows is busy for a good third of the time.
      const busyMs = Math.floor(readKib / 520 + writtenKib / 430);
      const [readSectors, writtenSectors] = [readKib, writtenKib].map((kib) => Math.floor(kib) * SECTORS_PER_KIB);
      return `   8 ${String(index * 16).padStart(7)} ${name} ${reads} 0 ${readSectors} ${readMs} ${writes} 0 ${writtenSectors} ${writeMs} 0 ${busyMs} ${readMs + writeMs} 0 0 0 0 0 0\n`;
    })
    .join('');
}

/** What `smartctl --json --all` prints of a disk, as far as anybody reads it. */
export function renderSmart(disk: Disk, nowMs: number): string {
  const attribute = (id: number, value: number) => ({ id, raw: { value, string: String(value) } });
  return JSON.stringify({
    smartctl: { version: [7, 3], exit_status: 0 },
    device: { name: `/dev/${disk.name}`, type: 'sat', protocol: 'ATA' },
    model_name: 'KINGSTON SA400S37120G',
    serial_number: disk.serial,
    smart_status: { passed: true },
    power_on_time: { hours: Math.floor((nowMs - disk.madeAtMs) / HOUR_MS) },
    temperature: { current: 34 + (disk.serial.charCodeAt(disk.serial.length - 1) % 4) },
    endurance_used: { current_percent: Math.min(99, Math.floor(disk.writtenKib / (400 * 2 ** 20))) },
    ata_smart_attributes: {
      table: [
        attribute(5, disk.reallocatedCount),
        attribute(197, disk.pendingCount),
        attribute(198, 0),
        attribute(199, 0),
      ],
    },
  });
}

/** What `mdadm --examine --export` prints of a member. */
export function renderExamine(member: Member, { eventsCount }: StorageState): string {
  const events = member.state === 'faulty' ? eventsCount - 40 : eventsCount;
  return `MD_LEVEL=raid1\nMD_DEVICES=${MEMBERS_WANTED}\nMD_NAME=demo-fs:0\nMD_UUID=${ARRAY_UUID}\nMD_EVENTS=${events}\n`;
}
