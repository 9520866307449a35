import fc from 'fast-check';
import { expect, test } from 'vitest';
import { renderClientConfig } from './client-config.js';
import { diffFolder, renderFolder } from './folder.js';
import {
  clientAddress,
  NODES_PER_SITE_MAX,
  nodeAddress,
  nodePrefix,
  type OverlayClient,
  opsPrefix,
  parseOverlayPrefix,
  SITES_MAX,
  sitePrefix,
  transitPrefix,
} from './network.js';
import { renderClientPolicy, renderGatewayPolicy } from './policy.js';
import { contains, parseAddress6, parsePrefix6, renderAddress6, renderPrefix6 } from './prefix.js';
import { type GatewayConfig, renderClientFile, renderGatewayConfig } from './server-config.js';

const overlay = parseOverlayPrefix('fd42:b:1::/48');
const CONFIG: GatewayConfig = {
  overlay,
  gateway: 0,
  folder: '/var/lib/bramble/overlay/gateway-0',
  socket: '/run/bramble/overlay-0.sock',
  listen: { host: '::', port: 1194 },
  device: 'bramble0',
};
const POLICY = {
  overlay,
  gateway: 0,
  device: 'bramble0',
  controllerPorts: [7443, 7442],
  nodePorts: [4949, 22],
  tcpFallback: { port: 443, relayPort: 1194 },
};

const clientOf = (n: number): OverlayClient => {
  const site = sitePrefix(overlay, 1 + (n % SITES_MAX));
  const prefix = nodePrefix(site, 1 + Math.floor(n / SITES_MAX));
  return { nodeId: `n-${n.toString(36).padStart(13, '0')}`, mode: 'standalone', prefix };
};

test('any address is read back from how it is written', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }), (address) => {
      expect(parseAddress6(renderAddress6(address))).toBe(address);
    }),
  );
});

test.for([
  ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['2001:DB8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['0:0:0:0:0:0:0:0', '::'],
  ['::1', '::1'],
  ['fe80::', 'fe80::'],
])('%s is written as RFC 5952 wants it: %s', ([given, wanted]) => {
  expect(renderAddress6(parseAddress6(given ?? '') ?? -1n)).toBe(wanted);
});

test.for(['', ':', ':::', '1:2:3:4:5:6:7', '1::2::3', '12345::', 'g::', '1:2:3:4:5:6:7:8:9', '1:2:3:4::5:6:7:8'])(
  '%j is no address',
  (text) => {
    expect(parseAddress6(text)).toBeUndefined();
  },
);

test.for([
  ['a /56', 'fd42:b:1::/56'],
  ['something set beyond its length', 'fd42:b:1:1::/48'],
  ['addresses of links', 'fe80::/48'],
  ['multicast', 'ff05::/48'],
  ['two lengths', 'fd42:b:1::/48/48'],
])('%s is no prefix for an overlay', ([, text]) => {
  expect(() => parseOverlayPrefix(text ?? '')).toThrow(/not an? /);
});

test('a global prefix serves as well as a unique local one', () => {
  expect(renderPrefix6(sitePrefix(parseOverlayPrefix('2001:db8:42::/48'), 255))).toBe('2001:db8:42:ff00::/56');
});

test('sites, nodes, gateways and operators never share an address', () => {
  const index = (max: number) => fc.integer({ min: 1, max });
  const place = fc.record({ site: index(SITES_MAX), node: fc.integer({ min: 0, max: NODES_PER_SITE_MAX }) });
  const prefixOf = ({ site, node }: { site: number; node: number }) => nodePrefix(sitePrefix(overlay, site), node);
  fc.assert(
    fc.property(place, place, (one, other) => {
      const [a, b] = [prefixOf(one), prefixOf(other)];
      expect(contains(overlay, a.base)).toBe(true);
      expect(a.base === b.base).toBe(one.site === other.site && one.node === other.node);
      expect(contains(a, opsPrefix(overlay).base) || contains(a, transitPrefix(overlay, 15).base)).toBe(false);
    }),
  );
});

test('the ends of the plan are where the pages say', () => {
  expect(renderPrefix6(transitPrefix(overlay, 0))).toBe('fd42:b:1::/64');
  expect(renderPrefix6(opsPrefix(overlay))).toBe('fd42:b:1:ff::/64');
  expect(renderPrefix6(sitePrefix(overlay, 1))).toBe('fd42:b:1:100::/56');
  expect(nodeAddress(nodePrefix(sitePrefix(overlay, 1), 7))).toBe('fd42:b:1:107::2');
  expect(() => sitePrefix(overlay, 0)).toThrow('site 0 is not within 1..255');
  expect(() => sitePrefix(overlay, 256)).toThrow('site 256');
  expect(() => nodePrefix(sitePrefix(overlay, 1), 256)).toThrow('node 256');
});

test('a client speaks for its prefix alone, from an address within it', () => {
  const site: OverlayClient = { nodeId: 'n-0000000000001', mode: 'gateway', prefix: sitePrefix(overlay, 1) };
  expect(renderClientFile(site, overlay, 0)).toBe(
    'ifconfig-ipv6-push fd42:b:1:100::2/64 fd42:b:1::1\niroute-ipv6 fd42:b:1:100::/56\n',
  );
  const alone: OverlayClient = { ...site, mode: 'standalone', prefix: nodePrefix(sitePrefix(overlay, 2), 9) };
  expect(renderClientFile(alone, overlay, 1)).toBe(
    'ifconfig-ipv6-push fd42:b:1:209::2/64 fd42:b:1:1::1\niroute-ipv6 fd42:b:1:209::/64\n',
  );
  for (const client of [site, alone]) {
    expect(contains(client.prefix, parseAddress6(clientAddress(client)) ?? 0n)).toBe(true);
  }
});

test('the configuration of a gateway', () => {
  expect(renderGatewayConfig(CONFIG)).toMatchInlineSnapshot(`
    "# Written by the controller; changes by hand are undone.
    dev-type tun
    dev bramble0
    proto udp6
    multihome
    port 1194
    topology subnet
    server-ipv6 fd42:b:1::/64
    route-ipv6 fd42:b:1::/48
    push "route-ipv6 fd42:b:1::/64"
    push "route-ipv6 fd42:b:1:ff::/64"
    client-config-dir /var/lib/bramble/overlay/gateway-0/ccd
    ccd-exclusive
    ca /var/lib/bramble/overlay/gateway-0/authority.pem
    cert /var/lib/bramble/overlay/gateway-0/gateway.pem
    key /var/lib/bramble/overlay/gateway-0/gateway.key
    dh none
    crl-verify /var/lib/bramble/overlay/gateway-0/revoked.pem
    tls-crypt-v2 /var/lib/bramble/overlay/gateway-0/tls-crypt-v2.key force-cookie
    tls-version-min 1.3
    tls-cert-profile preferred
    remote-cert-tls client
    verify-x509-name ovpn- name-prefix
    data-ciphers CHACHA20-POLY1305:AES-256-GCM
    reneg-sec 21600
    script-security 1
    max-clients 1024
    max-routes-per-client 4
    connect-freq 50 10
    connect-freq-initial 200 10
    ping 9
    ping-restart 60
    push "ping-restart 19"
    push "ping 24"
    explicit-exit-notify 1
    persist-key
    persist-tun
    management /run/bramble/overlay-0.sock unix
    verb 4
    mute 20
    "
  `);
});

test('what a gateway lets pass', () => {
  expect(renderGatewayPolicy(POLICY)).toMatchInlineSnapshot(`
    "table inet bramble_overlay {}
    delete table inet bramble_overlay
    table inet bramble_overlay {
      counter between_clients {}
      counter foreign_source {}
      counter refused {}
      chain fallback {
        type nat hook prerouting priority dstnat; policy accept;
        iifname != "bramble0" fib daddr type local tcp dport 443 redirect to :1194
      }
      chain arrives {
        type filter hook input priority filter; policy accept;
        iifname != "bramble0" accept
        ip6 saddr != fd42:b:1::/48 counter name foreign_source drop
        ct state established,related accept
        icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem } counter accept
        ip6 daddr fd42:b:1::1 icmpv6 type echo-request limit rate 100/second accept
        ip6 daddr fd42:b:1::1 tcp dport { 7442, 7443 } accept
        counter name refused drop
      }
      chain leaves {
        type filter hook output priority filter; policy accept;
        oifname != "bramble0" accept
        ct state established,related accept
        icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem } counter accept
        icmpv6 type echo-request accept
        tcp dport { 22, 4949 } accept
        counter name refused drop
      }
      chain passes {
        type filter hook forward priority filter; policy accept;
        iifname "bramble0" oifname "bramble0" counter name between_clients drop
        iifname "bramble0" ip6 saddr != fd42:b:1::/48 counter name foreign_source drop
        iifname "bramble0" ct state established,related accept
        iifname "bramble0" icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem } counter accept
        iifname "bramble0" counter name refused drop
        oifname != "bramble0" accept
        ct state established,related accept
        icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem } counter accept
        ip6 saddr fd42:b:1:ff::/64 icmpv6 type echo-request accept
        ip6 saddr fd42:b:1:ff::/64 tcp dport { 22, 4949 } accept
        counter name refused drop
      }
    }
    "
  `);
});

test('what a client lets pass', () => {
  const policy = { device: 'bramble0', own: sitePrefix(overlay, 1), nodePorts: [22] };
  const ops = [opsPrefix(overlay), transitPrefix(overlay, 0)];
  expect(renderClientPolicy({ ...policy, ops })).toMatchInlineSnapshot(`
    "table inet bramble_tunnel {}
    delete table inet bramble_tunnel
    table inet bramble_tunnel {
      counter between_nodes {}
      counter foreign_source {}
      counter refused {}
      chain arrives {
        type filter hook input priority filter; policy accept;
        iifname "bramble0" ct state established,related accept
        iifname "bramble0" icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem } counter accept
        iifname "bramble0" ip6 saddr { fd42:b:1:ff::/64, fd42:b:1::/64 } icmpv6 type echo-request accept
        iifname "bramble0" ip6 saddr { fd42:b:1:ff::/64, fd42:b:1::/64 } tcp dport { 22 } accept
        iifname "bramble0" counter name refused drop
      }
      chain passes {
        type filter hook forward priority filter; policy accept;
        ip6 saddr fd42:b:1:100::/56 ip6 daddr fd42:b:1:100::/56 counter name between_nodes drop
        oifname "bramble0" ip6 saddr != fd42:b:1:100::/56 counter name foreign_source drop
        iifname "bramble0" ct state established,related accept
        iifname "bramble0" icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem } counter accept
        iifname "bramble0" ip6 saddr { fd42:b:1:ff::/64, fd42:b:1::/64 } icmpv6 type echo-request accept
        iifname "bramble0" ip6 saddr { fd42:b:1:ff::/64, fd42:b:1::/64 } tcp dport { 22 } accept
        iifname "bramble0" counter name refused drop
      }
    }
    "
  `);
});

test('the configuration of a client tries UDP with each key, then TCP with each key', () => {
  const config = renderClientConfig({
    remotes: [
      { host: 'vpn.example.org', port: 1194, protocol: 'udp' },
      { host: 'vpn.example.org', port: 443, protocol: 'tcp' },
    ],
    tlsCryptKeysPem: ['NEW KEY\n', 'OLD KEY\n'],
    authorityPem: 'ROOT\n',
    certificatePem: 'CERTIFICATE\n',
    keyPath: '/var/lib/bramble-agent/tunnel.key',
    device: 'bramble0',
    socket: undefined,
  });
  expect(config).toMatchInlineSnapshot(`
    "# Written by the agent; changes by hand are undone.
    client
    dev-type tun
    dev bramble0
    nobind
    connect-timeout 8
    hand-window 20
    connect-retry 1 5
    <connection>
    remote vpn.example.org 1194 udp
    explicit-exit-notify 1
    <tls-crypt-v2>
    NEW KEY
    </tls-crypt-v2>
    </connection>
    <connection>
    remote vpn.example.org 1194 udp
    explicit-exit-notify 1
    <tls-crypt-v2>
    OLD KEY
    </tls-crypt-v2>
    </connection>
    <connection>
    remote vpn.example.org 443 tcp-client
    <tls-crypt-v2>
    NEW KEY
    </tls-crypt-v2>
    </connection>
    <connection>
    remote vpn.example.org 443 tcp-client
    <tls-crypt-v2>
    OLD KEY
    </tls-crypt-v2>
    </connection>
    resolv-retry infinite
    remote-cert-tls server
    verify-x509-name bramble-gateway name
    tls-version-min 1.3
    tls-cert-profile preferred
    data-ciphers CHACHA20-POLY1305:AES-256-GCM
    reneg-sec 0
    pull-filter accept "route-ipv6 "
    pull-filter accept "ifconfig-ipv6 "
    pull-filter accept "tun-ipv6"
    pull-filter accept "ping"
    pull-filter accept "peer-id "
    pull-filter accept "cipher "
    pull-filter accept "protocol-flags "
    pull-filter accept "tun-mtu "
    pull-filter ignore ""
    script-security 1
    persist-key
    persist-tun
    auth-nocache
    verb 3
    <ca>
    ROOT
    </ca>
    <cert>
    CERTIFICATE
    </cert>
    key /var/lib/bramble-agent/tunnel.key
    "
  `);
});

test('without a port nothing of a node can be opened', () => {
  expect(renderGatewayPolicy({ ...POLICY, nodePorts: [] })).toContain(
    'ip6 saddr fd42:b:1:ff::/64 ct state new tcp dport 0 accept',
  );
});

test('one client more of 10,000 touches its own file and no other, and one less removes its own', () => {
  const clients = Array.from({ length: 10_000 }, (_, n) => clientOf(n));
  const more = clientOf(10_000);
  const before = renderFolder(CONFIG, POLICY, clients);
  const after = renderFolder(CONFIG, POLICY, [...clients, more]);
  const path = `ccd/ovpn-${more.nodeId}`;
  expect(diffFolder(after, before).map(({ path: at, kind }) => [at, kind])).toEqual([[path, 'add']]);
  expect(diffFolder(before, after).map(({ path: at, kind }) => [at, kind])).toEqual([[path, 'remove']]);
  expect(diffFolder(after, after)).toEqual([]);
});

test('a line that somebody changed by hand is shown with what it should be', () => {
  const files = renderFolder(CONFIG, POLICY, []);
  const onDisk = new Map(files).set(
    'server.conf',
    renderGatewayConfig(CONFIG).replace('max-clients 1024', 'max-clients 4'),
  );
  expect(diffFolder(files, onDisk)).toMatchObject([
    { path: 'server.conf', kind: 'change', lines: ['-max-clients 4', '+max-clients 1024'] },
  ]);
});

test.for([
  ['cipher downgrade', /^data-ciphers CHACHA20-POLY1305:AES-256-GCM$/m],
  ['TLS 1.2', /^tls-version-min 1\.3$/m],
  ['a client without a file', /^ccd-exclusive$/m],
  ['a certificate of an agent', /^verify-x509-name ovpn- name-prefix$/m],
  ['a certificate of a server', /^remote-cert-tls client$/m],
  ['a revoked certificate', /^crl-verify \S+$/m],
] as const)('T-20 the gateway has the line that refuses %s', ([, line]) => {
  expect(renderGatewayConfig(CONFIG)).toMatch(line);
});

test.for(['client-to-client', 'duplicate-cn', 'data-ciphers-fallback', 'script-security 2', 'redirect-gateway'])(
  'a gateway never has %s',
  (word) => {
    expect(renderGatewayConfig(CONFIG)).not.toContain(word);
  },
);

test('a prefix is read only as a whole', () => {
  expect(() => parsePrefix6('fd42::/129')).toThrow('not an IPv6 prefix');
  expect(() => parsePrefix6('fd42::')).toThrow('not an IPv6 prefix');
  expect(parsePrefix6('::/0')).toEqual({ base: 0n, bits: 0 });
});
