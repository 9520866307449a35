import { opsPrefix, transitPrefix } from './network.js';
import { addressIn, type Prefix6, renderPrefix6 } from './prefix.js';

/** Rules for packets, as `nft -f` takes them: one table each, replaced as a whole. Source: nft(8). */

/** What operators may open connections to. */
export interface OpsPolicy {
  /** TCP ports of nodes, such as 22 for ssh and 4949 for munin. */
  readonly nodePorts: readonly number[];
}

export interface GatewayPolicy extends OpsPolicy {
  readonly overlay: Prefix6;
  readonly gateway: number;
  /** The tunnel's interface. */
  readonly device: string;
  /** TCP ports that are led to where the relay listens: low ones are not for its user to open. */
  readonly tcpFallback: { readonly port: number; readonly relayPort: number } | undefined;
  /** TCP ports of the controller that nodes reach at the gateway's address. */
  readonly controllerPorts: readonly number[];
}

export const GATEWAY_TABLE = 'bramble_overlay';
export const CLIENT_TABLE = 'bramble_tunnel';

/** Errors that a connection cannot do without, from wherever they come. Source: RFC 4890, 4.3.1. */
const ICMP_ERRORS =
  'icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem } counter accept';
const NO_PORTS = 'ct state new';

/**
 * The gateway's. Clients see the controller's ports and nothing else: not each other (`client-to-client` would be ignored
 * with kernel offload, so the kernel decides here in either case), not what is behind the gateway.
 */
export function renderGatewayPolicy(policy: GatewayPolicy): string {
  const { overlay, gateway, device, controllerPorts, nodePorts } = policy;
  const ops = renderPrefix6(opsPrefix(overlay));
  const here = addressIn(transitPrefix(overlay, gateway), 1);
  return table(GATEWAY_TABLE, [
    'counter between_clients {}',
    'counter foreign_source {}',
    'counter refused {}',
    ...redirect(policy),
    ...chain('arrives', 'input', [
      `iifname != "${device}" accept`,
      `ip6 saddr != ${renderPrefix6(overlay)} counter name foreign_source drop`,
      'ct state established,related accept',
      ICMP_ERRORS,
      `ip6 daddr ${here} icmpv6 type echo-request limit rate 100/second accept`,
      `ip6 daddr ${here} ${portMatch(controllerPorts)} accept`,
      'counter name refused drop',
    ]),
    ...chain('leaves', 'output', [
      `oifname != "${device}" accept`,
      'ct state established,related accept',
      ICMP_ERRORS,
      'icmpv6 type echo-request accept',
      `${portMatch(nodePorts)} accept`,
      'counter name refused drop',
    ]),
    ...chain('passes', 'forward', [
      `iifname "${device}" oifname "${device}" counter name between_clients drop`,
      `iifname "${device}" ip6 saddr != ${renderPrefix6(overlay)} counter name foreign_source drop`,
      `iifname "${device}" ct state established,related accept`,
      `iifname "${device}" ${ICMP_ERRORS}`,
      `iifname "${device}" counter name refused drop`,
      `oifname != "${device}" accept`,
      'ct state established,related accept',
      ICMP_ERRORS,
      `ip6 saddr ${ops} icmpv6 type echo-request accept`,
      `ip6 saddr ${ops} ${portMatch(nodePorts)} accept`,
      'counter name refused drop',
    ]),
  ]);
}

function redirect({ tcpFallback, device }: GatewayPolicy): readonly string[] {
  if (tcpFallback === undefined || tcpFallback.port === tcpFallback.relayPort) return [];
  const { port, relayPort } = tcpFallback;
  return [
    'chain fallback {',
    '  type nat hook prerouting priority dstnat; policy accept;',
    `  iifname != "${device}" fib daddr type local tcp dport ${port} redirect to :${relayPort}`,
    '}',
  ];
}

export interface ClientPolicy extends OpsPolicy {
  readonly device: string;
  /** The gateway's /64 and that of the operators: whom a node listens to. */
  readonly ops: readonly Prefix6[];
  /** What is routed to this client. */
  readonly own: Prefix6;
}

/**
 * A client's. Whoever holds the gateway still reaches only the listed ports. Within a site, nodes do not reach each other
 * through their gateway: routing IPv6 must not join networks that are kept apart.
 */
export function renderClientPolicy({ device, ops, own, nodePorts }: ClientPolicy): string {
  const from = `ip6 saddr { ${ops.map(renderPrefix6).join(', ')} }`;
  const mine = renderPrefix6(own);
  const allowed = (where: string): readonly string[] => [
    `${where}ct state established,related accept`,
    `${where}${ICMP_ERRORS}`,
    `${where}${from} icmpv6 type echo-request accept`,
    `${where}${from} ${portMatch(nodePorts)} accept`,
    `${where}counter name refused drop`,
  ];
  return table(CLIENT_TABLE, [
    'counter between_nodes {}',
    'counter foreign_source {}',
    'counter refused {}',
    ...chain('arrives', 'input', allowed(`iifname "${device}" `)),
    ...chain('passes', 'forward', [
      `ip6 saddr ${mine} ip6 daddr ${mine} counter name between_nodes drop`,
      `oifname "${device}" ip6 saddr != ${mine} counter name foreign_source drop`,
      ...allowed(`iifname "${device}" `),
    ]),
  ]);
}

function portMatch(ports: readonly number[]): string {
  if (ports.length === 0) return `${NO_PORTS} tcp dport 0`; // nobody listens there: a rule that lets nothing in
  return `tcp dport { ${ports.toSorted((a, b) => a - b).join(', ')} }`;
}

/** Made when absent, so that the removal before it never fails; all of it is one transaction. */
function table(name: string, lines: readonly string[]): string {
  const head = [`table inet ${name} {}`, `delete table inet ${name}`, `table inet ${name} {`];
  return [...head, ...lines.map((line) => `  ${line}`), '}', ''].join('\n');
}

function chain(name: string, hook: string, rules: readonly string[]): readonly string[] {
  const head = `  type filter hook ${hook} priority filter; policy accept;`;
  return [`chain ${name} {`, head, ...rules.map((rule) => `  ${rule}`), '}'];
}
