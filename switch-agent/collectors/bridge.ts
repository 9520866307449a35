import { type Collector, noData, ok } from '../../agent/kit/collect/collector.js';
import { Samples } from '../../agent/kit/collectors/sample.js';
import * as z from '../../agent/kit/form.js';
import type { Exec } from '../../agent/kit/host/ports.js';
import { BrambleError } from '../../proto/contract/errors.js';
import { PORTS_MAX } from './ports.js';

const INTERVAL_MS = 30_000;
const TIMEOUT_MS = 10_000;
/** Addresses of a port that are told; a Pi has one, and more are told as a number. */
const MACS_TOLD = 4;

const VLANS = z.array(
  z.object({
    ifname: z.string(),
    vlans: z.array(
      z.object({ vlan: z.number(), vlanEnd: z.optional(z.number()), flags: z.optional(z.array(z.string())) }),
    ),
  }),
);
const ADDRESSES = z.array(
  z.object({
    mac: z.string(),
    ifname: z.string(),
    vlan: z.optional(z.number()),
    state: z.optional(z.string()),
    flags: z.optional(z.array(z.string())),
  }),
);

/** The bridge's VLANs of each port: "10u 131", u where frames have no tag. Source: bridge(8), vlan show; iproute2 bridge/vlan.c. */
export function parseBridgeVlans(json: string): ReadonlyMap<string, string> {
  const words = ({ vlan, vlanEnd, flags = [] }: z.infer<typeof VLANS>[number]['vlans'][number]): string =>
    `${vlan}${vlanEnd === undefined ? '' : `-${vlanEnd}`}${flags.includes('Egress Untagged') ? 'u' : ''}`;
  const rows = parse(VLANS, json, 'bridge vlan');
  return new Map(rows.map(({ ifname, vlans }) => [ifname, vlans.map(words).join(' ')]));
}

/** An address that was learned, not one of the switch's own, nor a group. */
export interface LearnedAddress {
  readonly mac: string;
  readonly port: string;
  /** 0 where the bridge knows no VLANs. */
  readonly vlan: number;
}

/** Source: bridge(8), fdb show; iproute2 bridge/fdb.c. */
export function parseBridgeAddresses(json: string): readonly LearnedAddress[] {
  return parse(ADDRESSES, json, 'bridge fdb').flatMap(({ mac, ifname, vlan = 0, state = '', flags = [] }) => {
    const isLearned = state !== 'permanent' && !flags.includes('self') && /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(mac);
    return isLearned ? [{ mac, port: ifname, vlan }] : [];
  });
}

/** VLANs of the ports, and who is on them, as the bridge has learned. */
export function makeBridgeCollector(): Collector {
  return {
    name: 'bridge',
    intervalMs: INTERVAL_MS,
    timeoutMs: 2 * TIMEOUT_MS,
    async collect({ exec }, signal) {
      const samples = new Samples();
      const vlans = parseBridgeVlans(await ask(exec, ['bridge', '-j', '-compressvlans', 'vlan', 'show'], signal));
      for (const [port, words] of [...vlans].slice(0, PORTS_MAX)) samples.text('port_vlans_text', words, port);
      const addresses = parseBridgeAddresses(await ask(exec, ['bridge', '-j', 'fdb', 'show'], signal));
      for (const [port, learned] of [...byPort(addresses)].slice(0, PORTS_MAX)) {
        samples.number('port_macs_count', learned.length, port);
        const told = learned.slice(0, MACS_TOLD).map(({ vlan, mac }) => (vlan === 0 ? mac : `${vlan}/${mac}`));
        samples.text('port_macs_text', told.join(' '), port);
      }
      return samples.list.length === 0 ? noData('no bridge') : ok(samples.list);
    },
  };
}

function byPort(addresses: readonly LearnedAddress[]): ReadonlyMap<string, readonly LearnedAddress[]> {
  const found = new Map<string, LearnedAddress[]>();
  for (const address of addresses) {
    const of = found.get(address.port) ?? [];
    of.push(address);
    found.set(address.port, of);
  }
  return found;
}

async function ask(exec: Exec, argv: readonly [string, ...string[]], signal: AbortSignal): Promise<string> {
  const { status, stdout, stderr } = await exec.run(argv, { signal, timeoutMs: TIMEOUT_MS });
  if (status === 0) return stdout.trim() === '' ? '[]' : stdout;
  throw new BrambleError('unavailable', `${argv.slice(0, 3).join(' ')}: ${stderr.trim().slice(0, 200)}`);
}

function parse<Form>(form: { parse(value: unknown): Form }, json: string, program: string): Form {
  try {
    return form.parse(JSON.parse(json));
  } catch (cause) {
    throw new BrambleError('data-loss', `${program} printed something else than its JSON`, { cause });
  }
}
