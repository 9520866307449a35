import { expect, test } from 'vitest';
import { collectOn, values } from '../../agent/kit/testing/collect-on.js';
import { BrambleError } from '../../proto/contract/errors.js';
import { makeBootServicesCollector } from './boot-services.js';

const LEASES = '/var/lib/misc/dnsmasq.leases';
const UDP = `   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
   51: 00000000:0045 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 15411 2 0000000000000000 0
   49: 00000000:0043 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 15407 2 0000000000000000 0
`;
const nfsd = (threads: number): string =>
  `rc 0 0 0\nfh 0 0 0 0 0\nio 0 0\nth ${threads} 0\nra 32 0\nnet 0 0 0 0\nrpc 0 0 0 0 0\n`;
const SERVING = { [LEASES]: '', '/proc/net/udp': UDP, '/proc/net/rpc/nfsd': nfsd(8) };

/** `units`: what systemd says; `undefined` = there is no systemd. */
function states(files: Readonly<Record<string, string>>, units: Readonly<Record<string, string>> | undefined) {
  return collectOn(makeBootServicesCollector(LEASES), files, (host) => ({
    ...host,
    services: {
      ...host.services,
      state: async (unit) => {
        if (units === undefined) throw new BrambleError('unsupported', 'no systemd');
        const active = units[unit];
        if (active === undefined) throw new BrambleError('not-found', `no unit ${unit}`);
        return { active, invocationId: '' };
      },
    },
  }));
}

const both = (dnsmasq: string, nfsd: string) => ({ 'dnsmasq.service': dnsmasq, 'nfs-server.service': nfsd });

test.for<[string, Readonly<Record<string, string>>, Readonly<Record<string, string>> | undefined, number[]]>([
  ['both run', SERVING, both('active', 'active'), [1, 1]],
  ['dnsmasq failed', SERVING, both('failed', 'active'), [4, 1]],
  [
    'an NFS server without threads, whose unit is active',
    { ...SERVING, '/proc/net/rpc/nfsd': nfsd(0) },
    both('active', 'active'),
    [1, 3],
  ],
  ['an NFS server whose threads nobody shows', {}, both('active', 'active'), [1, 1]],
  ['no systemd, and both run', SERVING, undefined, [1, 1]],
  [
    'no systemd, and nobody listens for DHCP',
    { ...SERVING, '/proc/net/udp': UDP.replace('0043', '0044') },
    undefined,
    [3, 1],
  ],
  ['no systemd, and no thread', { ...SERVING, '/proc/net/rpc/nfsd': nfsd(0) }, undefined, [1, 3]],
])('%s', async ([, files, units, [dnsmasq, server]]) => {
  expect(values(await states(files, units).run())).toEqual({
    dnsmasq_service_state: dnsmasq,
    nfsd_service_state: server,
  });
});

test('a machine that serves no boots has no state of them', async () => {
  expect(await states({}, {}).run()).toMatchObject({ kind: 'no-data' });
  expect(await states({ '/proc/net/udp': UDP }, undefined).run()).toMatchObject({ kind: 'no-data' });
});
