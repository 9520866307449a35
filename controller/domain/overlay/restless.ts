/** Tunnels that begin anew again and again: of two machines with one certificate, each pushes the other out. */

/** So many beginnings within the window are no path that broke once and came back, nor a router that got another address. */
const BEGINNINGS_MIN = 6;
const WINDOW_MS = 600_000;
/** Addresses that are told. */
const HOSTS_MAX = 4;

export interface TunnelBeginning {
  /** Where it comes from, without the port: every beginning has another. */
  readonly host: string;
  readonly connectedAtMs: number;
}

/** What was seen of one client's tunnel within the window. */
export interface TunnelTrail {
  /** Oldest first. */
  readonly beginnings: readonly TunnelBeginning[];
  readonly isTold: boolean;
}

/** One look at a live tunnel. `restless` names its addresses once, and again only after it was calm for a whole window. */
export function followTunnel(
  before: TunnelTrail | undefined,
  tunnel: { readonly remote: string; readonly connectedAtMs: number },
  nowMs: number,
): { readonly trail: TunnelTrail; readonly restless: readonly string[] | undefined } {
  const host = tunnel.remote.replace(/:\d+$/, '');
  const known = before?.beginnings ?? [];
  const last = known.at(-1);
  const isNew = last?.host !== host || last.connectedAtMs !== tunnel.connectedAtMs;
  const all = isNew ? [...known, { host, connectedAtMs: tunnel.connectedAtMs }] : known;
  const beginnings = all.filter(({ connectedAtMs }) => nowMs - connectedAtMs < WINDOW_MS).slice(-BEGINNINGS_MIN);
  const isRestless = beginnings.length >= BEGINNINGS_MIN;
  const wasTold = before?.isTold ?? false;
  const isTold = isRestless || (wasTold && beginnings.length > 1);
  const hosts = [...new Set(beginnings.map((each) => each.host))].slice(0, HOSTS_MAX);
  return { trail: { beginnings, isTold }, restless: isRestless && !wasTold ? hosts : undefined };
}
