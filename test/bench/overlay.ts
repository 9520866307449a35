import { existsSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { diffFolder, renderFolder } from '../../proto/contract/overlay/folder.js';
import {
  NODES_PER_SITE_MAX,
  nodePrefix,
  type OverlayClient,
  parseOverlayPrefix,
  SITES_MAX,
  sitePrefix,
} from '../../proto/contract/overlay/network.js';
import { GATEWAY_ADDRESS, type Place } from '../system/overlay-net.js';
import { CONTROLLER_INSIDE, OverlayRig, until } from '../system/overlay-rig.js';
import type { Figure } from './figure.js';
import { measureNodeExporter } from './node-exporter.js';

const CLIENTS = 10_000;
/** The first reports, which hold everything, are over; then several of each kind of small ones. */
const SETTLE_MS = 90_000;
const MEASURE_MS = 300_000;
const DAY_MS = 86_400_000;
/** What a tunnel adds to a packet: IPv4 20, UDP 8, and of OpenVPN 24 (opcode and peer 4, number 4, tag 16). */
const TUNNEL_BYTES = 52;
/** Of a scrape: how often, and what carries it besides the answer: handshake, request, acknowledgements and their headers. */
const SCRAPE_EVERY_MS = 30_000;
const SCRAPES = 10;
const PACKET_BYTES = 1_340;
/** GET, host, what is accepted, who asks. */
const REQUEST_BYTES = 250;
const HEADERS_BYTES = 72 + TUNNEL_BYTES;
const NEEDED = ['/usr/sbin/openvpn', '/usr/sbin/nft', '/usr/sbin/ip'];

/** What the overlay costs: rendering for a large fleet, and bytes on the uplink in a quiet one. */
export async function measureOverlay(): Promise<readonly Figure[]> {
  const rendering = measureRendering();
  if (process.getuid?.() !== 0 || !NEEDED.every((program) => existsSync(program))) return rendering;
  return [...rendering, ...(await measureBytes())];
}

function measureRendering(): readonly Figure[] {
  const overlay = parseOverlayPrefix('fd42:b:1::/48');
  const clients = Array.from({ length: CLIENTS }, (_, n): OverlayClient => {
    const prefix = nodePrefix(
      sitePrefix(overlay, 1 + (n % SITES_MAX)),
      1 + (Math.floor(n / SITES_MAX) % NODES_PER_SITE_MAX),
    );
    return { nodeId: `n-${n.toString(36).padStart(13, '0')}`, mode: 'standalone', prefix };
  });
  const listen = { host: '::', port: 1194 };
  const config = { overlay, gateway: 0, folder: '/f', socket: '/s', listen, device: 'bramble0' };
  const policy = {
    overlay,
    gateway: 0,
    device: 'bramble0',
    controllerPorts: [7443],
    nodePorts: [22],
    tcpFallback: undefined,
  };
  const startedMs = performance.now();
  const files = renderFolder(config, policy, clients);
  diffFolder(files, files);
  const tookMs = performance.now() - startedMs;
  const without = renderFolder(config, policy, clients.slice(1));
  return [
    { figure: 'overlay rendering and diff, 10,000 clients', value: tookMs, unit: 'ms', goal: 2_000 },
    {
      figure: 'overlay files that one client more touches',
      value: diffFolder(files, without).length,
      unit: 'files',
      goal: 1,
    },
  ];
}

async function measureBytes(): Promise<readonly Figure[]> {
  const exporter = await measureNodeExporter(SCRAPES);
  const rig = await OverlayRig.open('30s');
  try {
    const enrol = `${GATEWAY_ADDRESS}:7442`;
    await rig.startAgent({ place: 'fa', site: 'anna', kind: 'fileserver', enrol, mode: 'gateway' });
    await until('the tunnel of anna', 30_000, async () => (await rig.client('fa'))?.tunnel === 'up');
    const base = (await rig.view()).sites[0]?.prefix.replace(/00::\/56$/, '') ?? '';
    await rig.net.addressPi(`${base}fe`);
    await rig.startAgent({ place: 'pa', site: 'anna', kind: 'pi', enrol: `[${CONTROLLER_INSIDE}]:7442` });
    await rig.startAgent({ place: 'solo', site: 'carl', kind: 'pi', enrol, mode: 'standalone' });
    // What neighbours on a cable ask each other stays on it; only what goes to the controller is on the uplink.
    await meter(rig, 'pa', 'meta l4proto tcp');
    await meter(rig, 'solo', 'meta nfproto ipv4 meta l4proto { tcp, udp }');
    await wait(SETTLE_MS);
    const places = ['pa', 'solo'] as const;
    const before = await Promise.all(places.map((place) => counted(rig, place)));
    await wait(MEASURE_MS);
    const after = await Promise.all(places.map((place) => counted(rig, place)));
    const [pi, solo] = places.map((_, n) => {
      const [from, to] = [before[n], after[n]];
      return { bytes: (to?.bytes ?? 0) - (from?.bytes ?? 0), packets: (to?.packets ?? 0) - (from?.packets ?? 0) };
    });
    const perDay = DAY_MS / MEASURE_MS;
    const piBytes = ((pi?.bytes ?? 0) + (pi?.packets ?? 0) * TUNNEL_BYTES) * perDay;
    const beside = exporter && {
      baseline: scrapeBytesPerDay(exporter.bytesPerScrape),
      baselineName: 'node_exporter scraped every 30 s, gzip, over the same tunnel',
    };
    return [
      { figure: 'overlay uplink per day, Pi behind a gateway', value: piBytes, unit: 'B', goal: 1_200_000 },
      {
        figure: 'overlay uplink per day, standalone Pi',
        value: (solo?.bytes ?? 0) * perDay,
        unit: 'B',
        goal: 2_000_000,
      },
      ...(beside
        ? [
            {
              figure: 'overlay uplink beside scrapes',
              value: piBytes,
              unit: 'B',
              ...beside,
              goal: 1 / 20,
              goalOn: 'ratio',
            } as const,
          ]
        : []),
    ];
  } finally {
    await rig.close();
  }
}

/** Scrapes keep their connection: a request, the answer in full packets, and an acknowledgement for every other one. */
function scrapeBytesPerDay(answerBytes: number): number {
  const packets = Math.ceil(answerBytes / PACKET_BYTES);
  const eachBytes = answerBytes + REQUEST_BYTES + (1 + packets + Math.ceil(packets / 2)) * HEADERS_BYTES;
  return (eachBytes * DAY_MS) / SCRAPE_EVERY_MS;
}

/** Counts packets of a node, in both directions; agents say nothing on the loopback. @param match words of nft(8) */
async function meter(rig: OverlayRig, place: Place, match: string): Promise<void> {
  const input = `table inet counted {
  counter uplink {}
  chain in { type filter hook input priority -300; ${match} counter name uplink; }
  chain out { type filter hook output priority -300; ${match} counter name uplink; }
}
`;
  await rig.net.inside(place, 'nft', '-f', '-', { input });
}

/** Both directions, headers of IP among it. */
async function counted(rig: OverlayRig, place: Place): Promise<{ readonly bytes: number; readonly packets: number }> {
  const told = await rig.net.inside(place, 'nft', 'list', 'counter', 'inet', 'counted', 'uplink');
  const [, packets, bytes] = /packets (\d+) bytes (\d+)/.exec(told) ?? [];
  return { bytes: Number(bytes), packets: Number(packets) };
}
