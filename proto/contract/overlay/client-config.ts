import { GATEWAY_NAME } from './network.js';
import { DATA_CIPHERS } from './server-config.js';

/** What OpenVPN reads at a node. Source of every option: openvpn(8), 2.6. */

export interface TunnelRemote {
  /** Name or address. */
  readonly host: string;
  readonly port: number;
  readonly protocol: 'udp' | 'tcp';
}

export interface ClientConfig {
  /** In order of preference; TCP stands behind UDP. */
  readonly remotes: readonly TunnelRemote[];
  /** Keys of the outer wrapping, the newest first: while one is exchanged a client has two. PEM. */
  readonly tlsCryptKeysPem: readonly string[];
  /** Certificates that sign gateways. PEM. */
  readonly authorityPem: string;
  readonly certificatePem: string;
  /** The private key stays where it was made. Absolute. */
  readonly keyPath: string;
  readonly device: string;
  /** For whoever asks how the tunnel is; `undefined` = none. */
  readonly socket: string | undefined;
}

/** So long for an answer before the next way is tried: a network that blocks UDP costs this much. */
const ANSWER_S = 8;
/** And so long until a handshake that was begun is over: a gateway that went away in the middle of it costs this much. */
const HANDSHAKE_S = 20;

export function renderClientConfig(config: ClientConfig): string {
  const { remotes, tlsCryptKeysPem, authorityPem, certificatePem, keyPath, device, socket } = config;
  const lines = [
    '# Written by the agent; changes by hand are undone.',
    'client',
    'dev-type tun',
    `dev ${device}`,
    'nobind',
    // Before the ways: each takes what was said above it.
    `connect-timeout ${ANSWER_S}`,
    `hand-window ${HANDSHAKE_S}`,
    'connect-retry 1 5',
    // A way for each remote with each key: with the key that the gateway does not have, nobody answers.
    ...remotes.flatMap((remote) => tlsCryptKeysPem.flatMap((key) => connection(remote, key))),
    'resolv-retry infinite',
    'remote-cert-tls server',
    `verify-x509-name ${GATEWAY_NAME} name`,
    'tls-version-min 1.3',
    'tls-cert-profile preferred',
    `data-ciphers ${DATA_CIPHERS}`,
    'reneg-sec 0',
    // Of what a gateway says only this counts: it cannot take over the default route or the name servers.
    'pull-filter accept "route-ipv6 "',
    'pull-filter accept "ifconfig-ipv6 "',
    'pull-filter accept "tun-ipv6"',
    'pull-filter accept "ping"',
    'pull-filter accept "peer-id "',
    'pull-filter accept "cipher "',
    'pull-filter accept "protocol-flags "',
    'pull-filter accept "tun-mtu "',
    'pull-filter ignore ""',
    'script-security 1',
    'persist-key',
    'persist-tun',
    'auth-nocache',
    ...(socket === undefined ? [] : [`management ${socket} unix`]),
    'verb 3',
    ...inline('ca', authorityPem),
    ...inline('cert', certificatePem),
    `key ${keyPath}`,
  ];
  return `${lines.join('\n')}\n`;
}

function connection({ host, port, protocol }: TunnelRemote, tlsCryptKeyPem: string): readonly string[] {
  const proto = protocol === 'udp' ? 'udp' : 'tcp-client';
  return [
    '<connection>',
    `remote ${host} ${port} ${proto}`,
    ...(protocol === 'udp' ? ['explicit-exit-notify 1'] : []),
    ...inline('tls-crypt-v2', tlsCryptKeyPem),
    '</connection>',
  ];
}

function inline(name: string, text: string): readonly string[] {
  return [`<${name}>`, text.trimEnd(), `</${name}>`];
}
