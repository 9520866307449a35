import type { SiteView } from '../../proto/contract/api/fleet.js';
import type { OverlayClientView, OverlayView } from '../../proto/contract/api/overlay.js';
import { renderBytes, renderCount, renderDuration } from '../../proto/contract/words.js';

/** How sites are reached, as final text: the tunnel and the agent behind it, each by itself, and what the uplink carries. */
export interface PathsView {
  /** There is nothing to say: no tunnels, and nobody said what uplinks bear. */
  readonly isEmpty: boolean;
  /** Of the gateway; empty without an overlay. */
  readonly gateway: string;
  readonly tone: PathTone;
  readonly rows: readonly PathRow[];
}

type PathTone = 'good' | 'bad' | 'plain';

export interface PathRow {
  readonly key: string;
  readonly site: string;
  /** Whose tunnel; empty for a site that has none. */
  readonly client: string;
  readonly tunnel: string;
  readonly agent: string;
  readonly tone: PathTone;
  /** What the two mean together; empty while both are well. */
  readonly meaning: string;
  readonly down: string;
  readonly up: string;
  readonly reports: string;
  readonly month: string;
}

/** @param overlay `undefined` = there is none */
export function pathsView(sites: readonly SiteView[], overlay: OverlayView | undefined): PathsView {
  const rows = sites.flatMap((site) => rowsOf(site, overlay?.clients.filter((each) => each.site === site.name) ?? []));
  const isEmpty = overlay === undefined && sites.every(({ uplink }) => uplink === undefined);
  if (overlay === undefined) return { isEmpty, gateway: '', tone: 'plain', rows };
  const { answering, trouble, tunnelsCount } = overlay.gateway;
  const words = answering ? `answers, ${renderCount(tunnelsCount, 'tunnel')}` : `does not answer: ${trouble}`;
  return { isEmpty, gateway: `The gateway of ${overlay.prefix} ${words}`, tone: answering ? 'good' : 'bad', rows };
}

function rowsOf(site: SiteView, clients: readonly OverlayClientView[]): readonly PathRow[] {
  const { uplink, uplinkUse } = site;
  const usage = {
    down: rate(uplinkUse?.downBitsPerS, uplink?.downBitsPerS),
    up: rate(uplinkUse?.upBitsPerS, uplink?.upBitsPerS),
    reports:
      (uplinkUse?.reportIntervalMs ?? 0) === 0 ? '' : `every ${renderDuration(uplinkUse?.reportIntervalMs ?? 0)}`,
    month: monthly(site),
  };
  const none = { client: '', tunnel: 'none', agent: '', tone: 'plain', meaning: '' } as const;
  if (clients.length === 0) return [{ key: site.name, site: site.name, ...none, ...usage }];
  const nothing = { down: '', up: '', reports: '', month: '' };
  return clients.map((client, n) => ({
    key: `${site.name} ${client.nodeId}`,
    site: n === 0 ? site.name : '',
    client: client.mode === 'gateway' ? `${client.name}, for the site` : client.name,
    tunnel: client.tunnel,
    agent: client.agent,
    ...together(client),
    ...(n === 0 ? usage : nothing), // an uplink is the site's, whoever's tunnel is in it
  }));
}

/** Two facts of their own: what one says of the other is what an operator wants to know first. */
function together({ tunnel, agent, mode }: OverlayClientView): Pick<PathRow, 'tone' | 'meaning'> {
  const isHeard = agent === 'fresh' || agent === 'late';
  if (tunnel === 'up' && isHeard) return { tone: 'good', meaning: '' };
  if (tunnel === 'up') return { tone: 'bad', meaning: 'The path stands: look at the agent, not at the network' };
  if (tunnel === 'unknown') return { tone: 'plain', meaning: 'The gateway does not say' };
  const behind = mode === 'gateway' ? '; nodes behind it are not reached by operators' : '; operators do not reach it';
  if (isHeard) return { tone: 'bad', meaning: `Its agent comes around the tunnel${behind}` };
  return { tone: 'bad', meaning: 'Neither tunnel nor agent: power, uplink, or somebody’s router' };
}

function rate(now: number | undefined, most: number | undefined): string {
  if (now === undefined) return '';
  return most === undefined ? bits(now) : `${bits(now)} of ${bits(most)}`;
}

function bits(bitsPerS: number): string {
  const [unit, factor] = bitsPerS >= 1e6 ? (['Mbit/s', 1e6] as const) : (['kbit/s', 1e3] as const);
  return `${Number((bitsPerS / factor).toPrecision(3))} ${unit}`;
}

function monthly({ uplink, uplinkUse }: SiteView): string {
  if (uplinkUse === undefined) return '';
  const most = uplink?.monthlyBytes;
  return most === undefined
    ? renderBytes(uplinkUse.monthBytes)
    : `${renderBytes(uplinkUse.monthBytes)} of ${renderBytes(most)}`;
}
