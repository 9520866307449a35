/** Files of /proc as a simulated Pi's kernel shows them: pure functions from what it is and how it does to text. */
import { SYSTEMS } from './board-kinds.js';
import type { MachineState } from './machine.js';
import type { PiSpec } from './pi-spec.js';

/** The site's fileserver, by the simulated Pis' own addresses. */
export const FILESERVER = '10.46.0.1';

export function renderCpuinfo({ board, serial }: PiSpec): string {
  const isOld = board.system === 'armv6l';
  const processor = (number: number): string =>
    isOld
      ? `processor\t: ${number}\nmodel name\t: ARMv6-compatible processor rev 7 (v6l)\nCPU architecture: 7\n\n`
      : `processor\t: ${number}\nBogoMIPS\t: 108.00\nCPU architecture: ${board.system === 'armv7l' ? 7 : 8}\n\n`;
  const processors = Array.from({ length: board.cores }, (_, number) => processor(number)).join('');
  const revision = board.revision.toString(16).padStart(4, '0');
  return `${processors}Revision\t: ${revision}\nSerial\t\t: ${serial}\nModel\t\t: ${board.model}\n`;
}

export function renderStat({ board }: PiSpec, state: MachineState, bootedAtMs: number): string {
  const share = (ticks: number, of = 1): number => Math.floor(ticks / of);
  const line = (name: string, of: number): string =>
    `${name} ${share(state.busyTicks * 0.8, of)} 0 ${share(state.busyTicks * 0.2, of)} ${share(state.idleTicks, of)} ` +
    `${share(state.iowaitTicks, of)} 0 0 0 0 0\n`;
  const cores = Array.from({ length: board.cores }, (_, number) => line(`cpu${number}`, board.cores)).join('');
  const blocked = state.nfsWaiting > 0 ? 2 : 0;
  const booted = Math.floor(bootedAtMs / 1_000);
  return `${line('cpu ', 1)}${cores}intr 0\nctxt 0\nbtime ${booted}\nprocesses 9182\nprocs_running 1\nprocs_blocked ${blocked}\n`;
}

export function renderLoadavg({ load1, load5, load15 }: MachineState): string {
  return `${[load1, load5, load15].map((load) => load.toFixed(2)).join(' ')} 1/118 1450\n`;
}

export function renderMeminfo({ board }: PiSpec, { memoryRatio, work }: MachineState): string {
  const availableKib = Math.round(board.memoryKib * (1 - memoryRatio));
  const row = (name: string, kib: number): string =>
    `${`${name}:`.padEnd(16)}${String(Math.round(kib)).padStart(9)} kB\n`;
  return [
    row('MemTotal', board.memoryKib),
    row('MemFree', availableKib * 0.6),
    row('MemAvailable', availableKib),
    row('SwapTotal', 102_396),
    row('SwapFree', 102_396 * (memoryRatio > 0.85 ? 0.2 : 1)),
    row('Dirty', 180 + 900 * work),
  ].join('');
}

export function renderNetDev({ board }: PiSpec, state: MachineState): string {
  const head =
    'Inter-|   Receive                                                |  Transmit\n' +
    ' face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n';
  const received = Math.floor(state.receivedBytes);
  const transmitted = Math.floor(state.transmittedBytes);
  const errors = Math.floor(state.receiveErrors);
  const busy = `${received} ${Math.floor(received / 700)} ${errors} 0 0 ${errors} 0 0 ${transmitted} ${Math.floor(transmitted / 300)} 0 0 0 0 0 0`;
  const idle = '0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0';
  const lines = board.ethernet === undefined ? [`wlan0: ${busy}`] : [`eth0: ${busy}`, `wlan0: ${idle}`];
  return `${head}    lo: 91204 812 0 0 0 0 0 0 91204 812 0 0 0 0 0 0\n${lines.map((line) => `  ${line}\n`).join('')}`;
}

export function renderMountinfo(spec: PiSpec): string {
  const kernel = [
    '26 22 0:21 / /proc rw,relatime shared:12 - proc proc rw',
    '27 22 0:22 / /sys rw,nosuid,nodev,noexec,relatime shared:7 - sysfs sysfs rw',
    '30 22 0:24 / /run rw,nosuid,nodev shared:5 - tmpfs tmpfs rw,size=185824k,mode=755',
  ];
  const own =
    spec.card === undefined
      ? [
          `22 1 0:17 / / rw,noatime - nfs ${FILESERVER}:${exportOf(spec)} rw,vers=3,hard,nolock,proto=tcp,addr=${FILESERVER}`,
        ]
      : [
          '22 1 179:2 / / rw,noatime shared:1 - ext4 /dev/mmcblk0p2 rw',
          `34 22 179:1 / ${bootPath(spec)} rw,relatime shared:17 - vfat /dev/mmcblk0p1 rw,errors=remount-ro`,
        ];
  return [...own, ...kernel].map((line) => `${line}\n`).join('');
}

/** Where the firmware's files lie: it moved with Debian 12. */
export function bootPath({ board }: PiSpec): string {
  return SYSTEMS[board.system].os.startsWith('Debian') ? '/boot/firmware' : '/boot';
}

/** Its own address in the site's network. */
export function addressOf({ host }: PiSpec): string {
  return `10.46.0.${host}`;
}

/** Directory of the fileserver that is the root of a Pi without a card. */
export function exportOf(spec: PiSpec): string {
  return `/export/${addressOf(spec)}`;
}

/** Source of the form: Linux net/sunrpc/stats.c, fs/nfs/super.c. */
export function renderMountstats(spec: PiSpec, { nfsOperations, nfsWaiting }: MachineState): string {
  const proc = 'device proc mounted on /proc with fstype proc\n';
  if (spec.card !== undefined) return proc;
  const answered = Math.floor(nfsOperations);
  const sent = answered + nfsWaiting;
  return (
    `${proc}device ${FILESERVER}:${exportOf(spec)} mounted on / with fstype nfs statvers=1.1\n` +
    '\topts:\trw,vers=3,hard,proto=tcp,timeo=600,retrans=2,sec=sys\n\tage:\t81234\n' +
    `\txprt:\ttcp 790 0 1 0 12 ${sent} ${answered} 0 5120 0 2 310 820\n\tper-op statistics\n` +
    `\t        READ: ${answered} ${answered} 0 320112 7123311 40 ${Math.round(nfsOperations * 1.6)} ${Math.round(nfsOperations * 1.8)} 0\n\n`
  );
}

/** Source of the columns: Linux Documentation/admin-guide/iostats.rst. */
export function renderDiskstats({ card }: PiSpec, { writes, writeMs, diskBusyMs }: MachineState): string {
  if (card === undefined) return '   7       0 loop0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n';
  const [count, sectors, ms, busy] = [writes, writes * 18, writeMs, diskBusyMs].map(Math.floor);
  return ` 179       0 mmcblk0 10210 3010 612340 40120 ${count} 0 ${sectors} ${ms} 0 ${busy} ${ms} 0 0 0 0 0 0\n`;
}
