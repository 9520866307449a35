import type { Command } from 'commander';
import type { SiteView } from '../../../proto/contract/api/fleet.js';
import { renderBytes, renderDuration } from '../../../proto/contract/words.js';
import { type CliContext, print } from '../context.js';
import { EXIT } from '../errors.js';
import type { Listing } from '../output.js';
import { refreshed } from '../refreshed.js';
import type { RunCommand } from './register.js';

export function registerUplink(site: Command, run: RunCommand): void {
  site
    .command('uplink')
    .description('What uplinks bear, what goes over them now, and how often nodes report because of it')
    .argument('[site]', 'one site; all of them when absent')
    .option('-w, --watch', 'stay, and show it anew every 5 s until interrupted')
    .action((name: string | undefined, { watch = false }: { readonly watch?: boolean }) =>
      run((context) => refreshed(context, watch, () => showUplinks(context, name))),
    );
}

/** @throws BrambleError `not-found` */
async function showUplinks(context: CliContext, name: string | undefined): Promise<number> {
  const sites = name === undefined ? await context.api.sites() : [await context.api.site(name)];
  const uplinks = sites.map(({ name: site, uplink, uplinkUse }) => ({ site, uplink, uplinkUse }));
  print(context, UPLINKS, sites, { uplinks });
  return EXIT.ok;
}

const UPLINKS: Listing<SiteView> = {
  columns: [
    { title: 'SITE', text: ({ name }) => name },
    { title: 'DOWN', text: (site) => used(site, 'downBitsPerS') },
    { title: 'OF', text: ({ uplink }) => bitRate(uplink?.downBitsPerS) },
    { title: 'IMAGES', text: ({ uplinkUse }) => bitRate(uplinkUse?.imagesBitsPerS) },
    { title: 'UP', text: (site) => used(site, 'upBitsPerS') },
    { title: 'OF', text: ({ uplink }) => bitRate(uplink?.upBitsPerS) },
    { title: 'UPLOADS', text: ({ uplinkUse }) => bitRate(uplinkUse?.uploadsBitsPerS) },
    { title: 'REPORTS', text: ({ uplinkUse }) => every(uplinkUse?.reportIntervalMs) },
    { title: 'THIS MONTH', text: month },
  ],
  name: ({ name }) => `site/${name}`,
  empty: 'No sites yet. `bramble site create NAME` makes one.',
};

function used({ uplink, uplinkUse }: SiteView, direction: 'downBitsPerS' | 'upBitsPerS'): string {
  const [now, most] = [uplinkUse?.[direction], uplink?.[direction]];
  if (now === undefined || most === undefined) return bitRate(now);
  return `${bitRate(now)} (${Number(((100 * now) / most).toPrecision(2))} %)`;
}

function month({ uplink, uplinkUse }: SiteView): string {
  if (uplinkUse === undefined) return '-';
  const most = uplink?.monthlyBytes;
  return most === undefined
    ? renderBytes(uplinkUse.monthBytes)
    : `${renderBytes(uplinkUse.monthBytes)} of ${renderBytes(most)}`;
}

/** A site without nodes has nobody who reports. */
function every(intervalMs = 0): string {
  return intervalMs === 0 ? '-' : `every ${renderDuration(intervalMs)}`;
}

/** "7.5 kbit/s". */
function bitRate(bitsPerS: number | undefined): string {
  if (bitsPerS === undefined) return '-';
  const [unit, factor] = bitsPerS >= 1e6 ? (['Mbit/s', 1e6] as const) : (['kbit/s', 1e3] as const);
  return `${Number((bitsPerS / factor).toPrecision(3))} ${unit}`;
}
