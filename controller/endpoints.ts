import { hostname } from 'node:os';
import { overlayEndpoint } from '../proto/contract/overlay/network.js';
import type { ControllerConfig } from './config/config.js';

/** Where agents find the controller, "host:port", most preferred first: through their tunnel, where there is an overlay. */
export function linkEndpoints({ link, overlay }: ControllerConfig, linkPort: number): string[] {
  if (link.advertise.length > 0) return [...link.advertise];
  const open = `${advertisedHost(link.host)}:${linkPort}`;
  return overlay === undefined ? [open] : [overlayEndpoint(overlay, linkPort), open];
}

export function enrolEndpoint({ enrol }: ControllerConfig, { enrolPort }: { readonly enrolPort: number }): string {
  return enrol.advertise ?? `${advertisedHost(enrol.host)}:${enrolPort}`;
}

/** An address to listen on is one to connect to, unless it means "all of them". */
function advertisedHost(host: string): string {
  if (host === '::' || host === '0.0.0.0') return hostname();
  return host.includes(':') ? `[${host}]` : host;
}
