import { type Command, Option } from 'commander';
import type { OverlayClientView, OverlaySiteView, OverlayView } from '../../../proto/contract/api/overlay.js';
import { BrambleError } from '../../../proto/contract/errors.js';
import { EXPORT_FORMATS, type ExportFormat, renderExport } from '../../../proto/contract/overlay/exports.js';
import { renderBytes, renderCount } from '../../../proto/contract/words.js';
import type { ApiClient } from '../api-client.js';
import { print } from '../context.js';
import { EXIT } from '../errors.js';
import { ago } from '../listings.js';
import { type Listing, renderData, type Tone } from '../output.js';
import type { Register, RunCommand } from './register.js';

export const registerOverlay: Register = (program, run) => {
  const overlay = program.command('overlay').description('Tunnels to sites and donated Pis, and addresses in them');
  registerStatus(overlay, run);
  registerClients(overlay, run);
  registerDiff(overlay, run);
  registerExport(overlay, run);
  registerKeyChange(overlay, run);
};

const TONES = { up: 'good', down: 'bad', unknown: 'dim' } as const satisfies Record<string, Tone>;

const SITES: Listing<OverlaySiteView> = {
  columns: [
    { title: 'SITE', text: ({ site }) => site },
    { title: 'PREFIX', text: ({ prefix }) => prefix },
    { title: 'GATEWAY', text: ({ gatewayName }) => gatewayName ?? '-' },
    { title: 'TUNNEL', text: ({ tunnel }) => tunnel, tone: ({ tunnel }) => TONES[tunnel] },
    { title: 'THIS MONTH', text: ({ receivedBytes, sentBytes }) => renderBytes(receivedBytes + sentBytes) },
    { title: 'OF', text: ({ monthlyBytes }) => (monthlyBytes === undefined ? '-' : renderBytes(monthlyBytes)) },
  ],
  name: ({ site }) => `site/${site}`,
  empty: 'No site has a prefix yet: each gets one with its first node.',
};

function clientListing(nowMs: number): Listing<OverlayClientView> {
  return {
    columns: [
      { title: 'NAME', text: ({ name }) => name },
      { title: 'SITE', text: ({ site }) => site },
      { title: 'MODE', text: ({ mode }) => mode },
      { title: 'TUNNEL', text: ({ tunnel }) => tunnel, tone: ({ tunnel }) => TONES[tunnel] },
      { title: 'AGENT', text: ({ agent }) => agent },
      { title: 'ADDRESS', text: ({ address }) => address },
      { title: 'SINCE', text: ({ connectedAtMs }) => (connectedAtMs === undefined ? '-' : ago(connectedAtMs, nowMs)) },
      { title: 'FROM', text: ({ from }) => from ?? '-', wide: true },
      { title: 'RECEIVED', text: ({ receivedBytes }) => renderBytes(receivedBytes), wide: true },
      { title: 'SENT', text: ({ sentBytes }) => renderBytes(sentBytes), wide: true },
      { title: 'PROFILE', text: ({ profile }) => profile, wide: true },
    ],
    name: ({ name }) => `node/${name}`,
    empty: 'No node has a tunnel. A section tunnel in the configuration of its agent asks for one.',
  };
}

function registerStatus(overlay: Command, run: RunCommand): void {
  overlay
    .command('status')
    .description('The gateway, and each site with its prefix, its tunnel and what went over it')
    .action(() =>
      run(async (context) => {
        const view = await context.api.overlay.view();
        print(context, SITES, view.sites, view);
        if (context.screen.format === 'table') context.out(`\n${gatewayWords(view)}\n`);
        return EXIT.ok;
      }),
    );
}

function gatewayWords({ prefix, opsPrefix, gateway }: OverlayView): string {
  const state = gateway.answering
    ? `answers, ${renderCount(gateway.tunnelsCount, 'tunnel')}`
    : `does not answer: ${gateway.trouble}`;
  return `${prefix}: the gateway ${gateway.address} ${state}. Operators’ machines are in ${opsPrefix}.`;
}

function registerClients(overlay: Command, run: RunCommand): void {
  overlay
    .command('clients')
    .description('Nodes with a tunnel of their own: the tunnel, and their agent')
    .action(() =>
      run(async (context) => {
        const { clients } = await context.api.overlay.view();
        print(context, clientListing(context.nowMs()), clients, { clients });
        return EXIT.ok;
      }),
    );
}

function registerDiff(overlay: Command, run: RunCommand): void {
  overlay
    .command('diff')
    .description('How the gateway’s files differ from what they should be; exit code 9 when they do')
    .action(() =>
      run(async (context) => {
        const { changes } = await context.api.overlay.diff();
        const { format } = context.screen;
        if (format === 'json' || format === 'yaml') context.out(`${renderData({ changes }, format)}\n`);
        else for (const { path, kind, lines } of changes) context.out([`${kind} ${path}`, ...lines, ''].join('\n'));
        return changes.length > 0 ? EXIT.differences : EXIT.ok;
      }),
    );
}

interface ExportCommandOptions {
  readonly domain: string;
  readonly master: readonly string[];
  readonly nameServer: string;
}

function registerExport(overlay: Command, run: RunCommand): void {
  overlay
    .command('export')
    .description('Nodes and their addresses for other programs')
    .addArgument(overlay.createArgument('<format>').choices(EXPORT_FORMATS))
    .option('--domain <name>', 'below which names are, such as fleet.example.org', '')
    .option('--name-server <name>', 'of the zone', 'localhost')
    .addOption(new Option('--master <address...>', 'who may ask for figures; for munin-allow').default([]))
    .action((format: ExportFormat, { domain, master, nameServer }: ExportCommandOptions) =>
      run(async (context) => {
        if (format === 'munin-allow' && master.length === 0) {
          throw new BrambleError('invalid-argument', 'nobody is to be let in', {
            hint: 'name the machine that draws graphs with --master',
          });
        }
        const { nodes } = await context.api.overlay.view();
        const keys = format === 'known-hosts' ? await hostKeys(context.api) : new Map<string, readonly string[]>();
        const exported = nodes.map(({ nodeId, ...node }) => ({ ...node, hostKeys: keys.get(nodeId) ?? [] }));
        const serial = Math.floor(context.nowMs() / 1_000);
        context.out(renderExport(format, exported, { domain, masters: master, nameServer, serial }));
        return EXIT.ok;
      }),
    );
}

const SERIAL_DIGITS = 8;

/** By node: the keys that fileservers have put into the roots that they serve. */
async function hostKeys(api: ApiClient): Promise<ReadonlyMap<string, readonly string[]>> {
  const nodes = await api.nodes();
  const bySerial = new Map<string, string[]>();
  for (const { id, kind } of nodes) {
    if (kind !== 'fileserver') continue;
    for (const { fact, instance, value } of (await api.node(id)).facts) {
      if (fact !== 'root_host_key_text') continue;
      const [serial = ''] = instance.split('/');
      bySerial.set(serial, [...(bySerial.get(serial) ?? []), String(value)]);
    }
  }
  return new Map(nodes.map(({ id, serial }) => [id, bySerial.get(serial.slice(-SERIAL_DIGITS)) ?? []]));
}

function registerKeyChange(overlay: Command, run: RunCommand): void {
  const summary = {
    begin: 'Give nodes a second wrapping key',
    finish: 'Have the gateway take it, and refuse the old one',
  };
  for (const step of ['begin', 'finish'] as const) {
    const command = overlay.command(`key-change-${step}`).description(summary[step]);
    if (step === 'finish') command.option('--despite', 'although nodes have not learned it yet');
    command.action(({ despite = false }: { readonly despite?: boolean }) =>
      run(async (context) => {
        const { behind } = await context.api.overlay.changeKey({ step, despite });
        const names = behind.length === 0 ? 'every node has what it needs' : `not told yet: ${behind.join(', ')}`;
        context.out(`${names}\n`);
        return EXIT.ok;
      }),
    );
  }
}
