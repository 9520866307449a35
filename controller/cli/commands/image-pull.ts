import type { Command } from 'commander';
import type { CommandView, NodeView } from '../../../proto/contract/api/fleet.js';
import type { ImagePlaceView } from '../../../proto/contract/api/images.js';
import { BrambleError } from '../../../proto/contract/errors.js';
import { visible } from '../../../proto/contract/visible.js';
import { renderBytes } from '../../../proto/contract/words.js';
import type { CliContext } from '../context.js';
import { EXIT } from '../errors.js';
import { finalExit, issue, tryCommand } from '../follow-command.js';
import { pickImage } from '../images/local-store.js';
import { outcomeText } from '../listings.js';
import { renderData } from '../output.js';
import { Progress } from '../progress.js';
import { type ActionOptions, MINUTE_MS, withActionOptions } from './node-actions.js';
import type { RunCommand } from './register.js';

const POLL_MS = 1_000;
/** A fileserver that does not answer so long is not asked any more. */
const ORDER_VALID_MS = 2 * MINUTE_MS;

interface PullOptions extends ActionOptions {
  readonly site: readonly string[];
  readonly forget?: boolean;
}

export function registerImagePull(image: Command, run: RunCommand): void {
  const command = image
    .command('pull')
    .description(
      'Have the fileservers of sites fetch an image, once per site and within its uplink; they go on by themselves',
    )
    .argument('<image>', 'its name, or the first digits of its digest')
    .requiredOption('--site <site...>', 'where it shall be')
    .option('--forget', 'have them forget it instead');
  withActionOptions(command, 60 * MINUTE_MS).action((named: string, options: PullOptions) =>
    run(async (context) => {
      const { image: digest } = pickImage(await context.api.images.list(), named, 'on the controller');
      const fileservers = (await Promise.all(options.site.map((site) => fileserversOf(context, site)))).flat();
      const kind = options.forget === true ? 'remove-image' : 'pull-image';
      // All are asked before any is waited for: they come side by side.
      const wait = options.wait && kind === 'remove-image';
      const orders: Order[] = [];
      for (const node of fileservers) {
        const action = { kind, image: digest } as const;
        if (options.dryRun === true) {
          await tryCommand(context, node, action, options);
          continue;
        }
        if (kind === 'pull-image' && options.wait) {
          const create = { action, reason: options.reason, validForMs: ORDER_VALID_MS };
          orders.push({ node, command: await context.api.issueCommand(node.id, create) });
          continue;
        }
        const { exitCode } = await issue(context, node, action, { ...options, wait, timeout: ORDER_VALID_MS });
        if (exitCode !== EXIT.ok) return exitCode;
      }
      if (orders.length === 0) return EXIT.ok;
      return follow(context, { image: digest, orders, timeout: options.timeout });
    }),
  );
}

/** @throws BrambleError `failed-precondition` for a site without one */
async function fileserversOf({ api }: CliContext, site: string): Promise<readonly NodeView[]> {
  const nodes = await api.nodes({ site, kind: 'fileserver' });
  if (nodes.length > 0) return nodes;
  throw new BrambleError('failed-precondition', `site ${visible(site)} has no fileserver`);
}

/** What one fileserver was told, as it was last seen. */
interface Order {
  readonly node: NodeView;
  readonly command: CommandView;
}

interface Followed {
  readonly image: string;
  readonly orders: readonly Order[];
  /** Milliseconds. */
  readonly timeout: number;
}

/** Until all of them have it, or say why not. They go on by themselves when nobody looks any more. */
async function follow(context: CliContext, { image, orders, timeout }: Followed): Promise<number> {
  const { api, host, signal } = context;
  const progress = new Progress(host);
  const startedMs = host.clock.monotonicMs();
  try {
    for (;;) {
      const seen = await Promise.all(
        orders.map(async ({ node, command: { id } }): Promise<Order> => ({ node, command: await api.command(id) })),
      );
      const places = await placesAfter(context, image, orders);
      const isSettled = seen.every(
        ({ node, command }) =>
          finalExit(command) !== undefined && (command.state !== 'succeeded' || isHeld(node, places)),
      );
      if (isSettled || host.clock.monotonicMs() - startedMs >= timeout) {
        progress.end();
        tellPlaces(context, { image, orders: seen, places });
        return worstOf(seen);
      }
      progress.say(seen.map((order) => standingText(order, places)).join('; '));
      await host.sleep(POLL_MS, signal);
    }
  } finally {
    progress.end();
  }
}

/** What fileservers have told since they were asked: before that it is about an earlier try. */
async function placesAfter(
  { api }: CliContext,
  image: string,
  orders: readonly Order[],
): Promise<readonly ImagePlaceView[]> {
  const askedAtMs = new Map(orders.map(({ node, command }) => [node.id, command.issuedAtMs] as const));
  return (await api.images.places(image)).filter(
    ({ nodeId, toldAtMs }) => toldAtMs >= (askedAtMs.get(nodeId) ?? Infinity),
  );
}

const isHeld = ({ id }: NodeView, places: readonly ImagePlaceView[]): boolean =>
  places.some(({ nodeId, progress }) => nodeId === id && progress === 'held');

function worstOf(orders: readonly Order[]): number {
  const exits = orders.map(({ command }) => finalExit(command) ?? EXIT.timeout);
  return exits.find((exit) => exit !== EXIT.ok) ?? EXIT.ok;
}

interface Seen {
  readonly image: string;
  readonly orders: readonly Order[];
  readonly places: readonly ImagePlaceView[];
}

function tellPlaces({ screen, out }: CliContext, { image, orders, places }: Seen): void {
  const { format } = screen;
  const commands = orders.map(({ command }) => command);
  if (format === 'json' || format === 'yaml') out(`${renderData({ image, places, commands }, format)}\n`);
  else for (const order of orders) out(`${standingText(order, places)}\n`);
}

/** By the fileserver's last word on the image, and without one by that on its order. */
function standingText({ node, command }: Order, places: readonly ImagePlaceView[]): string {
  const place = places.find(({ nodeId }) => nodeId === node.id);
  const isOver = finalExit(command) !== undefined;
  if (place !== undefined && (!isOver || place.progress === 'held')) return placeText(place);
  const why = visible(outcomeText(command), 300);
  return `${visible(node.name)}: ${command.state}${why === '' ? '' : ` (${why})`}`;
}

function placeText({ site, progress, doneBytes, totalBytes, uplinkBytes, detail }: ImagePlaceView): string {
  const where = visible(site, 40);
  switch (progress) {
    case 'held':
      return `${where}: there; ${renderBytes(uplinkBytes)} over its uplink`;
    case 'pulling': {
      const percent = totalBytes === 0 ? 0 : Math.floor((doneBytes / totalBytes) * 100);
      return `${where}: ${percent} %, ${renderBytes(doneBytes)} of ${renderBytes(totalBytes)}`;
    }
    case 'failed':
      return `${where}: tries again; ${visible(detail, 300)}`;
    case 'refused':
      return `${where}: refused; ${visible(detail, 300)}`;
  }
}
