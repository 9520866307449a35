import type { BootStage, BootTrouble } from './stage.js';

/** What each stage means, for people. */
export const STAGE_WORDS: Readonly<Record<BootStage, string>> = {
  'power-on': 'it was switched on, or asked to restart',
  'dhcp-seen': 'it asked for an address',
  'bootcode-served': 'it was given bootcode.bin',
  'serial-dir-hit': 'it found the directory of its serial number',
  'kernel-served': 'it was given its kernel',
  'cmdline-served': 'it was given its command line',
  'nfs-mounted': 'it mounted its root',
  'agent-hello': 'its agent said hello',
  verified: 'its agent reports, and nothing went wrong since it began',
};

export interface TroubleWords {
  /** Where it hangs. */
  readonly what: string;
  /** What to do about it. */
  readonly remedy: string;
}

export const TROUBLE_WORDS: Readonly<Record<BootTrouble, TroubleWords>> = {
  'no-dhcp': {
    what: 'it never asked for an address',
    remedy:
      'See that dnsmasq runs and the port forwards at once (spanning tree off, or edge port); then take its power for 20 s.',
  },
  'no-tftp-after-dhcp': {
    what: 'it asked for an address, and then for no file',
    remedy:
      'Where another board had its port, wait 2 minutes for that one’s lease to end. Else take its power for 20 s: boards that restart warm forget this. When it comes again, look at option 43 (pxe-service).',
  },
  'serial-dir-miss': {
    what: 'the directory of its serial number is not there, or lacks its firmware',
    remedy:
      'Make the directory of this serial number below the TFTP root, or correct its name: 8 hex digits in lower case.',
  },
  'tftp-stalled': {
    what: 'it began to load its files, and did not get kernel and command line in time',
    remedy:
      'See which file it asked for last (dnsmasq’s log), whether it can be read, and how loaded the fileserver is.',
  },
  'no-nfs-mount': {
    what: 'it has its kernel and did not mount its root',
    remedy: 'Compare nfsroot= and ip= of its cmdline.txt with the exports (exportfs -v); see that nfsd runs.',
  },
  'no-agent-hello': {
    what: 'it mounted its root, and its agent never said hello',
    remedy:
      'Its root filesystem may be broken: look at its console (netconsole), then at the agent’s unit and clock in its root.',
  },
  'boot-loop': {
    what: 'it starts again and again, and never gets to its agent',
    remedy: 'See at which stage each start ends; then power supply and cable, then its boot files.',
  },
};
