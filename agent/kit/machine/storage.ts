import { BrambleError } from '../../../proto/contract/errors.js';
import { isBlockDeviceName } from '../host/block-device-name.js';
import type { Exec, KernelFiles, RaidOrder, StorageQuestion } from '../host/ports.js';
import { runAsSystem } from './run-as-system.js';

type On = { readonly exec: Exec; readonly kernel: KernelFiles };
type Argv = readonly [string, ...string[]];

const TIMEOUT_MS = 50_000;
/** Commands to the disk itself (ATA pass-through). Source: Linux block/scsi_ioctl.c. */
const RAW_RIGHTS = 'CAP_SYS_ADMIN CAP_SYS_RAWIO CAP_DAC_OVERRIDE';
const LVS_COLUMNS = 'vg_name,lv_name,lv_size,data_percent,metadata_percent,lv_health_status';

/** Sources: smartctl(8); lvs(8), lvmreport(7); mdadm(8), --examine and --export. @throws BrambleError as the port says */
export async function askStorage(on: On, question: StorageQuestion, signal: AbortSignal): Promise<string> {
  const { stdout, stderr, status } = await run(on, questionArgv(question), signal, RAW_RIGHTS);
  // smartctl says in its exit status what the disk says, and both in its JSON: only silence is a failure.
  if (stdout.trim() !== '' && (status === 0 || question.kind === 'smart')) return stdout;
  throw new BrambleError('failed-precondition', `${question.kind}: ${wordsOf(stderr, status)}`);
}

/** @throws BrambleError `failed-precondition` with the words of mdadm, and as the port says */
export async function changeRaid(on: On, order: RaidOrder, signal: AbortSignal): Promise<void> {
  const { stderr, stdout, status } = await run(on, orderArgv(order), signal);
  if (status === 0) return;
  throw new BrambleError('failed-precondition', `mdadm: ${wordsOf(`${stderr}${stdout}`, status)}`);
}

function run(on: On, argv: Argv, signal: AbortSignal, rights?: string) {
  return runAsSystem(on, argv, { signal, timeoutMs: TIMEOUT_MS }, rights);
}

function questionArgv(question: StorageQuestion): Argv {
  switch (question.kind) {
    case 'smart':
      return ['smartctl', '--json', '--all', '--nocheck=standby', device(question.disk)];
    case 'thin-pools':
      return [
        'lvs',
        '--reportformat=json',
        '--units=b',
        '--nosuffix',
        '--select=segtype=thin-pool',
        `--options=${LVS_COLUMNS}`,
      ];
    case 'raid-member':
      return ['mdadm', '--examine', '--export', device(question.member)];
  }
}

/** Source: mdadm(8), MANAGE MODE and MISC MODE. */
function orderArgv(order: RaidOrder): Argv {
  const array = device(order.array);
  switch (order.kind) {
    case 'add':
    case 'remove':
      return ['mdadm', '--manage', array, `--${order.kind}`, device(order.member)];
    case 'replace':
      return ['mdadm', '--manage', array, '--replace', device(order.member), '--with', device(order.by)];
    case 'sync':
      return ['mdadm', `--action=${order.action}`, array];
  }
}

/** A name becomes a path only here. */
function device(name: string): string {
  if (isBlockDeviceName(name)) return `/dev/${name}`;
  throw new BrambleError('invalid-argument', `not the name of a block device: ${JSON.stringify(name.slice(0, 40))}`);
}

function wordsOf(text: string, status: number | undefined): string {
  const words = text.trim().replaceAll(/\s+/g, ' ').slice(0, 300);
  return words === '' ? `ended with ${status ?? 'a signal'}` : words;
}
