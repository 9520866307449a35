import {
  CLIENT_NAME_PREFIX,
  CLIENTS_PER_GATEWAY_MAX,
  clientAddress,
  type OverlayClient,
  opsPrefix,
  transitPrefix,
} from './network.js';
import { addressIn, type Prefix6, renderPrefix6 } from './prefix.js';

/** What one OpenVPN process of a gateway reads. Source of every option: openvpn(8), 2.6. */

export interface GatewayConfig {
  readonly overlay: Prefix6;
  /** From 0. */
  readonly gateway: number;
  /** Folder of its files; absolute. */
  readonly folder: string;
  /** Where its management socket is made; absolute. */
  readonly socket: string;
  /** Both families when it is "::". */
  readonly listen: { readonly host: string; readonly port: number };
  readonly device: string;
}

/** In the gateway's folder. */
export const GATEWAY_FILES = {
  config: 'server.conf',
  clients: 'ccd',
  authority: 'authority.pem',
  certificate: 'gateway.pem',
  key: 'gateway.key',
  tlsCryptKey: 'tls-crypt-v2.key',
  revoked: 'revoked.pem',
  policy: 'policy.nft',
  shaping: 'shaping.tc',
} as const;

/** AES first wherever processors have it is not ours to know: a Pi before the fifth has none, and says so by its order. */
export const DATA_CIPHERS = 'CHACHA20-POLY1305:AES-256-GCM';

/**
 * Seconds. A client that hears nothing for RESTART tries anew: after a gateway that was killed, that is how long it takes; one
 * lost ping is not yet silence. Routers forget a UDP flow after 30 s, and some count only what leaves. A ping goes only where
 * nothing else went for so long, and costs 68 bytes: the gateway's are two thirds of what a quiet tunnel costs by itself.
 */
export const KEEPALIVE_S = { gatewayPings: 9, clientRestarts: 19, clientPings: 24, gatewayForgets: 60 } as const;
/** Keys of a session are made anew after so long; what is revoked does not wait for it. */
const RENEGOTIATE_S = 21_600;

export function renderGatewayConfig(config: GatewayConfig): string {
  const { overlay, gateway, folder, socket, listen, device } = config;
  const at = (name: keyof typeof GATEWAY_FILES): string => `${folder}/${GATEWAY_FILES[name]}`;
  const transit = transitPrefix(overlay, gateway);
  const lines = [
    '# Written by the controller; changes by hand are undone.',
    'dev-type tun',
    `dev ${device}`,
    ...(listen.host.includes(':') ? ['proto udp6'] : ['proto udp4']),
    ...(listen.host === '::' ? ['multihome'] : [`local ${listen.host}`]),
    `port ${listen.port}`,
    'topology subnet',
    `server-ipv6 ${renderPrefix6(transit)}`,
    // All sites at once: a client that comes adds its own file and nothing here.
    `route-ipv6 ${renderPrefix6(overlay)}`,
    `push "route-ipv6 ${renderPrefix6(transit)}"`,
    `push "route-ipv6 ${renderPrefix6(opsPrefix(overlay))}"`,
    `client-config-dir ${at('clients')}`,
    'ccd-exclusive',
    `ca ${at('authority')}`,
    `cert ${at('certificate')}`,
    `key ${at('key')}`,
    'dh none',
    `crl-verify ${at('revoked')}`,
    `tls-crypt-v2 ${at('tlsCryptKey')} force-cookie`,
    'tls-version-min 1.3',
    'tls-cert-profile preferred',
    'remote-cert-tls client',
    `verify-x509-name ${CLIENT_NAME_PREFIX} name-prefix`,
    `data-ciphers ${DATA_CIPHERS}`,
    `reneg-sec ${RENEGOTIATE_S}`,
    'script-security 1',
    `max-clients ${CLIENTS_PER_GATEWAY_MAX}`,
    'max-routes-per-client 4',
    'connect-freq 50 10',
    'connect-freq-initial 200 10',
    `ping ${KEEPALIVE_S.gatewayPings}`,
    `ping-restart ${KEEPALIVE_S.gatewayForgets}`,
    `push "ping-restart ${KEEPALIVE_S.clientRestarts}"`,
    `push "ping ${KEEPALIVE_S.clientPings}"`,
    'explicit-exit-notify 1',
    'persist-key',
    'persist-tun',
    `management ${socket} unix`,
    // Four tells of packets that were dropped for their source; one that floods is not told of each time.
    'verb 4',
    'mute 20',
  ];
  return `${lines.join('\n')}\n`;
}

/** A client's file in the folder of clients: without one it is refused. */
export function renderClientFile(client: OverlayClient, overlay: Prefix6, gateway: number): string {
  const router = addressIn(transitPrefix(overlay, gateway), 1);
  return `ifconfig-ipv6-push ${clientAddress(client)}/64 ${router}\niroute-ipv6 ${renderPrefix6(client.prefix)}\n`;
}
