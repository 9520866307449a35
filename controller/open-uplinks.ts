import { parseOverlayPrefix } from '../proto/contract/overlay/network.js';
import { contains, parseAddress6 } from '../proto/contract/overlay/prefix.js';
import type { Closers } from './closers.js';
import { SiteUplinks, type SiteUplinksDeps } from './usecases/uplink/site-uplinks.js';

/**
 * What uplinks bear and carry. What comes through a tunnel is charged where the gateway counts it.
 * @param overlayPrefix `undefined` = there are no tunnels
 */
export async function openUplinks(
  overlayPrefix: string | undefined,
  parts: Pick<SiteUplinksDeps, 'store' | 'world'>,
  closers: Closers,
): Promise<SiteUplinks> {
  const prefix = overlayPrefix === undefined ? undefined : parseOverlayPrefix(overlayPrefix);
  const isInTunnel = (address: string): boolean => {
    const parsed = parseAddress6(address);
    return prefix !== undefined && parsed !== undefined && contains(prefix, parsed);
  };
  const uplinks = new SiteUplinks({ ...parts, isInTunnel });
  await uplinks.start();
  closers.add('uplinks', () => uplinks.stop());
  return uplinks;
}
