import type { CertificateFact, ControllerFacts, HostFacts } from '../../proto/contract/api/doctor.js';
import type { NodeView } from '../../proto/contract/api/fleet.js';
import { VERSION } from '../../proto/contract/build.js';
import type { CredentialRecord } from '../domain/node.js';
import { assertMay, type Caller } from './access/caller.js';
import type { FleetApi } from './api.js';
import type { Store, World } from './ports.js';

const DAY_MS = 86_400_000;
/** Agents renew with 10 of 30 days left: one with less than this has tried for days, or was not there. */
const EXPIRY_NEAR_MS = 7 * DAY_MS;
const SHOWN_MAX = 10;

/** What a doctor can be told that only the controller's own machine knows. */
export interface DoctorDeps {
  readonly fleet: Pick<FleetApi, 'nodes'>;
  readonly store: Pick<Store, 'reader'>;
  readonly world: Pick<World, 'clock'>;
  readonly host: () => Promise<HostFacts>;
  readonly storeFacts: () => Promise<ControllerFacts['store']>;
  readonly parts: () => Promise<readonly ControllerFacts['parts'][number][]>;
  readonly certificates: () => readonly CertificateFact[];
  readonly endpoints: () => ControllerFacts['endpoints'];
}

/** Gathers facts about the controller and never judges them: whoever asks has more to judge by. */
export class Doctor {
  readonly #deps: DoctorDeps;
  readonly #startedMonotonicMs: number;
  readonly #startedAtMs: number;

  constructor(deps: DoctorDeps) {
    this.#deps = deps;
    this.#startedMonotonicMs = deps.world.clock.monotonicMs();
    this.#startedAtMs = deps.world.clock.nowMs();
  }

  /** @throws BrambleError `permission-denied`, `unauthenticated`, `unavailable` (store) */
  async facts(caller: Caller): Promise<ControllerFacts> {
    assertMay(caller, 'metrics.read');
    const { fleet, store, world, host, storeFacts, parts, certificates, endpoints } = this.#deps;
    const [hostFacts, storeNow, partsNow, credentials] = await Promise.all([
      host(),
      storeFacts(),
      parts(),
      store.reader.liveCredentials(),
    ]);
    const nowMs = world.clock.nowMs();
    const upForMs = world.clock.monotonicMs() - this.#startedMonotonicMs;
    return {
      nowMs,
      version: VERSION,
      upForMs,
      clockSteppedMs: Math.round(nowMs - this.#startedAtMs - upForMs),
      host: hostFacts,
      store: storeNow,
      parts: [...partsNow],
      endpoints: endpoints(),
      certificates: [...certificates()],
      nodes: factsOfNodes(fleet.nodes(), credentials, nowMs),
    };
  }
}

/** Nodes that are out of service have nothing to be mended. */
export function factsOfNodes(
  all: readonly NodeView[],
  credentials: readonly Pick<CredentialRecord, 'nodeId' | 'expiresAtMs'>[],
  nowMs: number,
): ControllerFacts['nodes'] {
  const nodes = all.filter(({ state }) => state !== 'revoked');
  const expiryOf = newestExpiries(credentials);
  const expiring = nodes
    .flatMap(({ id, name, site }) => {
      const expiresAtMs = expiryOf.get(id);
      return expiresAtMs === undefined || expiresAtMs - nowMs > EXPIRY_NEAR_MS ? [] : [{ name, site, expiresAtMs }];
    })
    .sort((a, b) => a.expiresAtMs - b.expiresAtMs);
  const clocks = nodes.flatMap(({ name, site, conditions }) => {
    const wrong = conditions.find(({ type, status, severity }) => {
      return status === 'true' && severity !== 'info' && type.startsWith('Clock');
    });
    return wrong === undefined ? [] : [{ name, site, message: wrong.message }];
  });
  return { inService: nodes.length, agentVersions: versionsOf(nodes), expiring: some(expiring), clocks: some(clocks) };
}

/** A renewed node has two credentials; the one that lasts longest counts. */
function newestExpiries(
  credentials: readonly Pick<CredentialRecord, 'nodeId' | 'expiresAtMs'>[],
): ReadonlyMap<string, number> {
  const expiryOf = new Map<string, number>();
  for (const { nodeId, expiresAtMs } of credentials) {
    expiryOf.set(nodeId, Math.max(expiresAtMs, expiryOf.get(nodeId) ?? 0));
  }
  return expiryOf;
}

/** Nodes that never reported have none. */
function versionsOf(nodes: readonly NodeView[]): ControllerFacts['nodes']['agentVersions'] {
  const counts = new Map<string, number>();
  for (const { agentVersion } of nodes) {
    if (agentVersion !== '') counts.set(agentVersion, (counts.get(agentVersion) ?? 0) + 1);
  }
  return [...counts]
    .map(([version, count]) => ({ version, count }))
    .sort((a, b) => b.count - a.count)
    .slice(0, SHOWN_MAX);
}

function some<Item>(items: readonly Item[]): { count: number; first: Item[] } {
  return { count: items.length, first: items.slice(0, SHOWN_MAX) };
}
