import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseAgentConfig } from '../../agent/kit/config.js';
import { parsePolicy } from '../../agent/kit/helper/policy.js';
import { NOTHING_ALLOWED } from '../../agent/kit/node-config/machine.js';
import { parseRootsPolicy, refusePorts } from '../../fileserver-agent/roots/policy.js';
import { MAILBOX_FOLDER, REQUEST_FILE } from '../../proto/contract/netboot/mailbox.js';
import { parseBootSet } from '../../proto/contract/netboot/parse.js';
import { parseSwitchPolicy } from '../../switch-agent/actuator/policy.js';

const ROOT = new URL('../../', import.meta.url);
const FOLDERS = ['agent/pi/packaging', 'fileserver-agent/packaging', 'switch-agent/packaging'];
const files = FOLDERS.flatMap((folder) => readdirSync(new URL(folder, ROOT)).map((name) => `${folder}/${name}`));
const read = (file: string): string => readFileSync(new URL(file, ROOT), 'utf8');
/** Those that start a program of ours. */
const OTHERS = ['/bramble-dnsmasq.service', '/bramble-tunnel.service'];
const services = files.filter((file) => file.endsWith('.service') && !OTHERS.some((name) => file.endsWith(name)));
const configs = files.filter((file) => file.endsWith('.yaml'));

/** Settings of a unit, the last one of a name winning. Source: systemd.syntax(7). */
function settings(file: string): ReadonlyMap<string, string> {
  const lines = read(file)
    .split('\n')
    .filter((line) => /^[A-Z]\w*=/.test(line));
  return new Map(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
}

const HARDENED = {
  NoNewPrivileges: 'yes',
  ProtectSystem: 'strict',
  ProtectHome: 'yes',
  PrivateTmp: 'yes',
  ProtectKernelTunables: 'yes',
  ProtectKernelModules: 'yes',
  ProtectControlGroups: 'yes',
  RestrictNamespaces: 'yes',
  RestrictRealtime: 'yes',
  RestrictSUIDSGID: 'yes',
  LockPersonality: 'yes',
  SystemCallArchitectures: 'native',
  UMask: '0077',
  LimitCORE: '0',
} as const;

/** The one unit that reads the kernel's log, and the one right that it has for that. */
const READS_KERNEL_LOG = 'agent/pi/packaging/bramble-agent.service';

/** The one unit that makes trees out of images: the modes of files in them are the image's. */
const MAKES_ROOTS = 'fileserver-agent/packaging/bramble-fileserver-agent-roots@.service';

test.for(services)('%s is hardened, and lets V8 compile', (file) => {
  const unit = settings(file);
  expect(unit.get('ProtectKernelLogs')).toBe(file === READS_KERNEL_LOG ? undefined : 'yes');
  expect(Object.fromEntries(unit)).toMatchObject({
    ...HARDENED,
    ...(file === MAKES_ROOTS && { RestrictSUIDSGID: 'no' }),
  });
  expect(unit.has('MemoryDenyWriteExecute')).toBe(false);
});

test.for(services.filter((file) => file.endsWith('-agent.service')))(
  '%s runs without root’s rights and for ever',
  (file) => {
    const unit = settings(file);
    const rights = file === READS_KERNEL_LOG ? 'CAP_SYSLOG' : '';
    expect([unit.get('CapabilityBoundingSet'), unit.get('AmbientCapabilities')]).toEqual([rights, rights]);
    // No device but the kernel's log.
    if (file === READS_KERNEL_LOG) {
      expect([unit.get('DevicePolicy'), unit.get('DeviceAllow')]).toEqual(['closed', '/dev/kmsg r']);
    } else expect(unit.get('PrivateDevices')).toBe('yes');
    expect(unit.get('User')).toMatch(/^bramble-/);
    expect(Object.fromEntries(unit)).toMatchObject({ Restart: 'always', StartLimitIntervalSec: '0', Type: 'notify' });
    // All of /proc is what an agent reports from.
    expect(unit.has('ProcSubset')).toBe(false);
  },
);

test('every program is started with the same flags', () => {
  const flags = services.map(
    (file) => /^\/usr\/bin\/node (.*) \/usr\/lib\//.exec(settings(file).get('ExecStart') ?? '')?.[1],
  );
  expect(new Set(flags)).toEqual(new Set([flags[0]]));
  expect(flags[0]).toContain('--max-semi-space-size=1');
});

test.for(configs)('%s is valid, as it is and with every line in use', (file) => {
  const text = read(file);
  expect(() => parseAgentConfig(text, file)).not.toThrow();
  const inUse = text.replace(/^#(?=\S| {2})/gm, '');
  const config = parseAgentConfig(inUse, file);
  expect(config).toMatchObject({ allowedUnits: ['ssh.service'], allowedMounts: ['/boot/firmware'] });
  expect(config).toMatchObject({ join: { token: { kind: 'file' } }, logLevel: 'info' });
});

test('the example policy of the helper is one that it accepts, and it allows what the agent’s example asks for', () => {
  const policy = parsePolicy(read('agent/pi/packaging/helper.json'), 'helper.json');
  expect(policy).toEqual({
    user: 'bramble-agent',
    units: ['ssh.service'],
    reboot: true,
    mounts: ['/', '/boot/firmware'],
    stepClock: true,
    identify: true,
    journal: ['bramble-agent.service', 'ssh.service'],
    kernelLog: true,
    storage: false,
    traffic: false,
    tunnel: true,
    raid: [],
    config: NOTHING_ALLOWED,
  });
});

test('the policy of the fileserver’s helper reads storage, and changes only arrays that it names', () => {
  const policy = parsePolicy(read('fileserver-agent/packaging/fileserver-helper.json'), 'fileserver-helper.json');
  expect(policy).toMatchObject({ user: 'bramble-fs', reboot: true, storage: true, raid: ['md0'], identify: false });
  expect(policy.traffic).toBe(true);
  const unit = settings('fileserver-agent/packaging/bramble-fileserver-agent-helper@.service');
  expect(unit.get('CapabilityBoundingSet')).toBe('CAP_SYS_ADMIN CAP_SYS_BOOT');
  expect(unit.has('ReadWritePaths')).toBe(false);
});

test('the helper that keeps roots writes where they are and where the boot path is, and mounts nothing itself', () => {
  const unit = settings(MAKES_ROOTS);
  const paths = (unit.get('ReadWritePaths') ?? '').split(' ');
  expect(paths).toContain('-/srv/bramble');
  expect(
    paths.every((path) =>
      /^-\/(srv\/bramble|export|etc\/(exports\.d|network\/interfaces\.d|chrony\/conf\.d|lvm)|run\/(lvm|lock))$/.test(
        path,
      ),
    ),
  ).toBe(true);
  expect(unit.get('SystemCallFilter')).toContain('~@mount');
  expect(unit.get('CapabilityBoundingSet')).not.toMatch(/NET|BOOT|MODULE|PTRACE|RAWIO/);
});

test('the example of a boot set is one, and root’s own example allows it', () => {
  const set = parseBootSet(JSON.parse(read('fileserver-agent/packaging/boot-set.json')));
  expect(set.ports).toHaveLength(2);
  refusePorts(parseRootsPolicy(read('fileserver-agent/packaging/roots.json')), set);
});

test('the switch’s helper writes the one file of ifupdown2 and its own records, and its policies are ones that it accepts', () => {
  const policy = parsePolicy(read('switch-agent/packaging/switch-helper.json'), 'switch-helper.json');
  expect(policy).toMatchObject({ user: 'bramble-sw', storage: false, raid: [] });
  const ports = parseSwitchPolicy(read('switch-agent/packaging/switch-policy.json'), 'switch-policy.json');
  expect(ports).toMatchObject({ management: 'eth0', power: { driver: 'probe', cutsPerHour: 12 } });
  const units = ['bramble-switch-agent-helper@.service', 'bramble-switch-keep.service', 'bramble-switch-start.service'];
  for (const name of units) {
    const unit = settings(`switch-agent/packaging/${name}`);
    expect([unit.get('ReadWritePaths'), unit.get('StateDirectory')]).toEqual(['/etc/network', 'bramble-switch']);
    expect(unit.get('CapabilityBoundingSet')).toBe('CAP_SYS_ADMIN CAP_SYS_BOOT');
  }
});

test('the helper may write nothing but the record of its LED, and the LEDs', () => {
  const unit = settings('agent/pi/packaging/bramble-agent-helper@.service');
  expect(Object.fromEntries(unit)).toMatchObject({
    RuntimeDirectory: 'bramble-agent-helper',
    RuntimeDirectoryPreserve: 'yes',
    ReadWritePaths: '-/sys/devices/platform/leds',
    CapabilityBoundingSet: 'CAP_SYS_ADMIN CAP_SYS_BOOT',
    PrivateNetwork: 'yes',
  });
});

test('the mailbox is looked into every half minute by the system manager alone; its program may restart units and write its own record', () => {
  const unit = settings('agent/pi/packaging/bramble-agent-mailbox.service');
  expect(Object.fromEntries(unit)).toMatchObject({
    Type: 'oneshot',
    ConditionPathExists: REQUEST_FILE,
    StateDirectory: MAILBOX_FOLDER.slice('/var/lib/'.length),
    StateDirectoryMode: '0700',
    CapabilityBoundingSet: 'CAP_SYS_ADMIN',
    PrivateNetwork: 'yes',
  });
  expect([unit.has('ReadWritePaths'), unit.get('ExecStart')?.endsWith('bramble-agent.mjs mailbox')]).toEqual([
    false,
    true,
  ]);
  expect(settings('agent/pi/packaging/bramble-agent-mailbox.timer').get('OnUnitActiveSec')).toBe('30s');
});
