import { DEMO_IMAGES } from '../../proto/contract/api/demo.js';
import { BrambleError } from '../../proto/contract/errors.js';
import type { ApiClient } from '../cli/api-client.js';
import { isDiskless } from './demo-breaks.js';
import { DEMO_SITE, demoPiName } from './demo-names.js';

/** Boards of the demo site that have no card. */
const LABEL = { boots: 'network' } as const;
const SELECTOR = 'boots=network';
const ROLLOUT = DEMO_IMAGES.bad;
const REASON = 'demo break bad-image';

const disklessNames = (pis: number): ReadonlySet<string> =>
  new Set(
    Array.from({ length: pis }, (_, index) => index)
      .filter(isDiskless)
      .map(demoPiName),
  );

/** By which they can be told from others, also by people. What somebody else has hung on them stays. */
export async function labelDiskless(api: ApiClient, pis: number): Promise<void> {
  const names = disklessNames(pis);
  for (const { id, name, site, state, labels } of await api.nodes()) {
    if (site !== DEMO_SITE || state === 'revoked' || !names.has(name) || 'boots' in labels) continue;
    await api.changeNode(id, { labels: LABEL });
  }
}

/**
 * The bad image by the ways that the product has: a rollout over all boards without a card, the canary first, or one of them anew.
 * @throws BrambleError `failed-precondition` while one is under way, or of the controller
 */
export async function bringBadImage(api: ApiClient, node: string | undefined): Promise<void> {
  const { rollouts, provisioning } = api.healing;
  if ((await underWay(api)).length > 0) {
    throw new BrambleError('failed-precondition', 'the image is being rolled out already', {
      hint: 'bramble rollout status; bramble demo mend ends it',
    });
  }
  const image = DEMO_IMAGES.bad;
  if (node !== undefined) await provisioning.start({ kind: 'reimage', node, image, reason: REASON });
  else await rollouts.start({ name: ROLLOUT, image, selector: SELECTOR, site: DEMO_SITE, reason: REASON });
}

/** Nobody gets it any more, and whoever is getting it goes back. What goes back already does so by itself. */
export async function takeBadImageBack(api: ApiClient, pis: number): Promise<void> {
  const { rollouts, provisioning } = api.healing;
  for (const { id, state } of await underWay(api)) {
    if (state !== 'failing') await rollouts.become(id, { state: 'aborted', reason: 'demo mend' });
  }
  for (const name of disklessNames(pis)) {
    const [newest] = await provisioning.of(name, 1);
    if (newest?.image !== DEMO_IMAGES.bad || newest.state !== 'running' || newest.direction === 'back') continue;
    await provisioning.abort(newest.id, 'demo mend');
  }
}

async function underWay(api: ApiClient) {
  const all = await api.healing.rollouts.list();
  return all.filter(({ name, state }) => name === ROLLOUT && ['running', 'paused', 'failing'].includes(state));
}
