import type { Command } from 'commander';
import type { NodeView } from '../../../proto/contract/api/fleet.js';
import type { ImagePlaceView } from '../../../proto/contract/api/images.js';
import { BrambleError } from '../../../proto/contract/errors.js';
import { visible } from '../../../proto/contract/visible.js';
import { renderBytes } from '../../../proto/contract/words.js';
import type { CliContext } from '../context.js';
import { EXIT } from '../errors.js';
import { issue, tryCommand } from '../follow-command.js';
import { pickImage } from '../images/local-store.js';
import { renderData } from '../output.js';
import { Progress } from '../progress.js';
import { type ActionOptions, MINUTE_MS, withActionOptions } from './node-actions.js';
import type { RunCommand } from './register.js';

const POLL_MS = 1_000;

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
      let askedAtMs = 0;
      for (const node of fileservers) {
        const action = { kind, image: digest } as const;
        const followed = { ...options, wait: true, timeout: 2 * MINUTE_MS };
        if (options.dryRun === true) {
          await tryCommand(context, node, action, followed);
          continue;
        }
        const { exitCode, command: order } = await issue(context, node, action, followed);
        if (exitCode !== EXIT.ok) return exitCode;
        askedAtMs = Math.max(askedAtMs, order.issuedAtMs);
      }
      if (kind === 'remove-image' || !options.wait || options.dryRun === true) return EXIT.ok;
      return follow(context, { image: digest, fileservers, askedAtMs, timeout: options.timeout });
    }),
  );
}

/** @throws BrambleError `failed-precondition` for a site without one */
async function fileserversOf({ api }: CliContext, site: string): Promise<readonly NodeView[]> {
  const nodes = await api.nodes({ site, kind: 'fileserver' });
  if (nodes.length > 0) return nodes;
  throw new BrambleError('failed-precondition', `site ${visible(site)} has no fileserver`);
}

interface Followed {
  readonly image: string;
  readonly fileservers: readonly NodeView[];
  /** The controller's clock. */
  readonly askedAtMs: number;
  /** Milliseconds. */
  readonly timeout: number;
}

/** Until all of them have it, or say why not. */
async function follow(
  { api, host, signal, screen, out }: CliContext,
  { image, fileservers, askedAtMs, timeout }: Followed,
): Promise<number> {
  const ids = new Set(fileservers.map(({ id }) => id));
  const progress = new Progress(host);
  const startedMs = host.clock.monotonicMs();
  try {
    for (;;) {
      const places = (await api.images.places(image)).filter(
        // What was told before is about an earlier try.
        ({ nodeId, toldAtMs }) => ids.has(nodeId) && toldAtMs >= askedAtMs,
      );
      const isOver =
        places.length === ids.size && places.every(({ progress: word }) => word === 'held' || word === 'refused');
      if (isOver || host.clock.monotonicMs() - startedMs >= timeout) {
        progress.end();
        const { format } = screen;
        if (format === 'json' || format === 'yaml') out(`${renderData({ image, places }, format)}\n`);
        else for (const place of places) out(`${placeText(place)}\n`);
        return places.length === ids.size && places.every(({ progress: word }) => word === 'held')
          ? EXIT.ok
          : EXIT.failure;
      }
      progress.say(places.map(placeText).join('; '));
      await host.sleep(POLL_MS, signal);
    }
  } finally {
    progress.end();
  }
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
