import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ImageSite } from './image-site.js';

/** The built programs, from an image's maker to what a board boots: nothing in between is made by the test. */

let site: ImageSite;
const at = (...names: readonly string[]): string => path.join(site.dir, ...names);

beforeAll(() => {
  site = new ImageSite();
});
afterAll(async () => {
  await site.close();
});

const SERIAL = 'aa000001';
const ADMIN = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGaZvQHpbs0eC0u5VbX0uqvX7jZ0pR4Bq5y7w7Vn3g3N admin';
const BOARD = {
  serial: SERIAL,
  mac: 'b8:27:eb:aa:00:01',
  hostname: 'pi-01',
  boardClass: 'pi3',
  bits: 32,
  hasBootCard: true,
  mode: 'root',
  authorizedKeys: [ADMIN],
};
/** The command line of a board with a card, first of its fileserver. */
const COMMAND_LINE =
  'dwc_otg.lpm_enable=0 console=ttyAMA0,115200 console=tty1 root=/dev/nfs rootfstype=nfs ' +
  'ip=10.46.189.2::10.46.189.1:255.255.255.252::eth0:off nfsroot=10.46.189.1:/export/10.46.189.2 ' +
  'elevator=deadline fsck.repair=yes rootwait\n';

/** A small system, with what a maker's machine has left in it. */
function writeSystem(folder: string, version: string): void {
  for (const name of ['etc/ssh', 'root', 'var/lib', 'usr/bin', 'boot/firmware']) {
    mkdirSync(path.join(folder, name), { recursive: true });
  }
  const files = {
    'etc/hostname': 'makers-machine\n',
    'etc/machine-id': `${'0'.repeat(32)}\n`,
    'etc/version': version,
    'usr/bin/sudo': 'sudo',
    'boot/firmware/kernel7.img': `kernel of ${version}`,
    'boot/firmware/bootcode.bin': 'bootcode',
    'boot/firmware/cmdline.txt': 'of the image',
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text);
}

function writeBootSet(bootSet: object): void {
  writeFileSync(at('config.json'), JSON.stringify({ bootSet: { trunk: 'eth0', ...bootSet } }));
}

const port = (board?: object) => ({ vlan: 10, server: '10.46.189.1', ...(board && { board }) });
const other = { vlan: 11, server: '10.46.189.5' };

interface Told {
  readonly id: string;
  readonly state: string;
  readonly detail: string;
  readonly progress?: { readonly percent: number; readonly doneBytes: number; readonly totalBytes: number };
}

/** Takes seconds to write; to keep and to carry it is a mebibyte, because all of it is the same. */
function writeLargeSystem(folder: string, mebibytes: number): void {
  writeSystem(folder, 'large');
  const file = openSync(path.join(folder, 'usr/bin/large'), 'w');
  const block = randomBytes(2 ** 20);
  for (let written = 0; written < mebibytes; written++) writeSync(file, block);
  closeSync(file);
}

test.runIf(process.getuid?.() === 0)(
  'an image becomes the root of a board: imported, signed, pushed, pulled, prepared, served, taken back, and wiped',
  { timeout: 600_000 },
  async () => {
    await site.ok('image', 'key', 'key');
    const images: string[] = [];
    for (const [index, version] of ['one', 'two'].entries()) {
      writeSystem(at(version), version);
      images.push(await site.imported(version, index + 1));
    }
    writeFileSync(at('policy.json'), JSON.stringify({ trustedKeys: [readFileSync(at('key.pub'), 'utf8')] }));
    const roots = { pool: at('pool'), driver: 'copy', trunk: 'eth0', network: '10.46.189.0/24', services: 'none' };
    writeFileSync(at('roots.json'), JSON.stringify({ ...roots, stateDir: at('agent'), system: at('system') }));
    const node = await site.start({ BRAMBLE_IMAGE_POLICY: at('policy.json'), BRAMBLE_ROOTS_POLICY: at('roots.json') });
    for (const image of images) {
      await site.ok('image', 'sign', image, '--key', 'key');
      await site.ok('image', 'push', image);
      await site.ok('image', 'pull', image, '--site', 'barn');
    }
    const [one = '', two = ''] = images;
    const { nodes } = JSON.parse(await site.ok('get', 'nodes', '-o', 'json')) as { nodes: { name: string }[] };
    const confirmed = ['--confirm', nodes[0]?.name ?? ''];

    // Ports come from the controller, and root's own file has the last word on them.
    writeBootSet({ ports: [{ vlan: 10, server: '192.168.1.1' }] });
    const refused = await site.run('node', 'config', 'set', node, '-f', 'config.json');
    expect(refused.status).not.toBe(0);
    expect(refused.out + refused.err).toContain('192.168.1.1 is not in the network');
    writeBootSet({ intakeImage: one, ports: [port(BOARD), other] });
    await site.ok('node', 'config', 'set', node, '-f', 'config.json');
    const exported = at('system/export');
    const served = (name: string): string => readFileSync(path.join(exported, '10.46.189.2', name), 'utf8');
    const tftp = (address: string, name: string): string => readFileSync(at('pool/boot/tftp', address, name), 'utf8');
    expect(existsSync(path.join(exported, '10.46.189.2'))).toBe(false);

    // Nothing is served before it is activated; then root and boot files are, by one link, and they are the board's own.
    await site.ok('roots', 'prepare', node, SERIAL, one.slice(0, 12));
    expect(existsSync(path.join(exported, '10.46.189.2'))).toBe(false);
    await site.ok('roots', 'activate', node, SERIAL, '1', ...confirmed);
    expect(tftp('10.46.189.2', `${SERIAL}/cmdline.txt`)).toBe(COMMAND_LINE);
    expect(tftp('10.46.189.2', `${SERIAL}/kernel7.img`)).toBe('kernel of one');
    expect(tftp('10.46.189.2', 'bootcode.bin')).toBe('bootcode');
    expect([served('etc/hostname'), served('etc/version')]).toEqual(['pi-01\n', 'one']);
    expect(served('root/.ssh/authorized_keys')).toBe(`${ADMIN}\n`);
    expect(served('etc/machine-id')).toMatch(/^(?!0{32})[0-9a-f]{32}\n$/);
    expect(served('etc/fstab')).toContain('10.46.189.1:/export/10.46.189.2-state /var/lib/bramble-agent nfs ');
    expect(statSync(path.join(exported, '10.46.189.2/etc/ssh/ssh_host_ed25519_key')).mode & 0o777).toBe(0o600);
    const exports = readFileSync(at('system/etc/exports.d/bramble.exports'), 'utf8');
    expect(exports).toMatch(/^\/export\/10\.46\.189\.2 10\.46\.189\.2\(rw,no_root_squash,sync,/m);
    expect(readFileSync(at('system/etc/network/interfaces.d/bramble'), 'utf8')).toContain('iface eth0.10 inet static');

    // An unknown board is looked at on the port that expects nobody: read-only.
    expect(tftp('10.46.189.6', 'cmdline-pi4.txt')).toContain(`:/export/shared-${one},`);
    expect(exports).toMatch(new RegExp(`^/export/shared-${one} 10\\.46\\.189\\.6\\(ro,root_squash,`, 'm'));

    // Its keys are published: what ssh is to believe is what the board has.
    const hostKeys = async (): Promise<string> => {
      let out = '';
      await expect.poll(async () => (out = await site.ok('roots', 'known-hosts', node)), POLL).toContain('pi-01 ');
      return out;
    };
    const firstKeys = await hostKeys();
    const [type, base64] = served('etc/ssh/ssh_host_ed25519_key.pub').split(' ');
    expect(firstKeys).toContain(`pi-01 ${type} ${base64}\n`);

    // Another image: new keys, the same state and data. And back.
    writeFileSync(path.join(exported, '10.46.189.2-state/identity.json'), 'of the agent');
    writeFileSync(path.join(exported, '10.46.189.2-data/diary'), 'of the tenant');
    const prepared = await site.ok('roots', 'prepare', node, SERIAL, two, '-o', 'json');
    expect(JSON.parse(prepared)).toMatchObject({ state: 'succeeded', progress: { percent: expect.any(Number) } });
    await site.ok('roots', 'activate', node, SERIAL, '2', ...confirmed);
    expect([served('etc/version'), tftp('10.46.189.2', `${SERIAL}/kernel7.img`)]).toEqual(['two', 'kernel of two']);
    expect(served('etc/ssh/ssh_host_ed25519_key.pub').split(' ')[1]).not.toBe(base64);
    expect(readFileSync(path.join(exported, '10.46.189.2-state/identity.json'), 'utf8')).toBe('of the agent');
    expect(readFileSync(path.join(exported, '10.46.189.2-data/diary'), 'utf8')).toBe('of the tenant');
    await expect
      .poll(async () => (await site.run('roots', 'rollback', node, SERIAL, ...confirmed)).status, POLL)
      .toBe(0);
    expect([served('etc/version'), served('etc/ssh/ssh_host_ed25519_key.pub').split(' ')[1]]).toEqual(['one', base64]);

    // What boards run of stays; when the board is released nothing of it does.
    const used = await site.run('image', 'pull', one, '--site', 'barn', '--forget');
    expect(used.out + used.err).toContain(`in use by board ${SERIAL}`);
    await site.ok('roots', 'remove', node, SERIAL, '--wipe-data', ...confirmed);
    expect(readdirSync(exported)).toEqual([`shared-${one}`]);
    expect(existsSync(at('pool/roots', SERIAL))).toBe(false);
  },
);

test.runIf(process.getuid?.() === 0)(
  'a root that is being made is cancelled: its order says so, nothing of it is left, and it can be made again',
  { timeout: 300_000 },
  async () => {
    const [{ id: node = '' } = {}] = (
      JSON.parse(await site.ok('get', 'nodes', '-o', 'json')) as { nodes: { id: string }[] }
    ).nodes;
    writeLargeSystem(at('large'), 1_536);
    const large = await site.imported('large', 3);
    await site.ok('image', 'sign', large, '--key', 'key');
    await site.ok('image', 'push', large);
    const pulled = JSON.parse(await site.ok('image', 'pull', large, '--site', 'barn', '-o', 'json')) as {
      commands: Told[];
    };
    expect(pulled.commands).toMatchObject([
      { state: 'succeeded', detail: 'it is here', progress: { percent: expect.any(Number) } },
    ]);

    const words = ['roots', 'prepare', node, SERIAL, large, '-o', 'json'] as const;
    const { id } = JSON.parse(await site.ok(...words, '--no-wait')) as Told;
    const told = async (): Promise<Told> => JSON.parse(await site.ok('command', 'get', id, '-o', 'json')) as Told;
    await expect
      .poll(async () => (await told()).progress?.doneBytes ?? 0, { ...POLL, interval: 50 })
      .toBeGreaterThan(2 ** 20);
    expect(readdirSync(at('pool/images'))).toContain(large);
    await site.ok('command', 'cancel', id);
    await expect.poll(async () => (await told()).state, { ...POLL, interval: 100 }).toBe('failed');
    expect((await told()).detail).toContain('stopped before');
    // It is tidied up by whoever has root's rights, who ends a moment later.
    await expect.poll(() => readdirSync(at('pool/images')), POLL).not.toContain(large);
    expect(existsSync(at('pool/roots', SERIAL, 'gen-1'))).toBe(false);

    const again = JSON.parse(await site.ok(...words)) as Told;
    expect(again).toMatchObject({ state: 'succeeded', detail: expect.stringMatching(/^generation \d+ /) });
    expect(statSync(at('pool/roots', SERIAL, 'gen-1/root/usr/bin/large')).size).toBe(1_536 * 2 ** 20);
  },
);

const POLL = { timeout: 90_000, interval: 1_000 } as const;
