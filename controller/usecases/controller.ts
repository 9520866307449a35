import type { NodeId } from '../../proto/contract/ids.js';
import { Accounts } from './access/accounts.js';
import type { TunnelGate } from './agent-sessions.js';
import type { FleetApi } from './api.js';
import { AuditLog, type RememberedHeads } from './audit/audit-log.js';
import { Clones } from './clones.js';
import { type Core, type CoreOptions, type HealingPorts, startCore } from './core.js';
import { Enrollments } from './enroll.js';
import { makeFleetApi } from './fleet-api.js';
import { HealingDesk } from './healing/healing-desk.js';
import { HistoryRecorder } from './history-recorder.js';
import { Idempotency } from './idempotency.js';
import { Identities } from './identities.js';
import type { Authority, CommandCodec, Store, Trust, World } from './ports.js';
import type { DrainHook } from './provisioning/ports.js';
import { ProvisioningDesk } from './provisioning/provisioning-desk.js';
import { Renewals } from './renew.js';
import { Revocations } from './revoke.js';
import { RolloutDesk } from './rollout/rollout-desk.js';
import { PortChanges } from './switches/port-changes.js';
import { PortDesk } from './switches/port-desk.js';
import { JoinTokens } from './tokens.js';
import type { UplinkSight } from './uplink/site-uplinks.js';

export interface ControllerDeps {
  readonly store: Store;
  readonly world: World;
  readonly authority: Authority;
  readonly trust: Trust;
  readonly codec: CommandCodec;
  /** Where agents find Link and Renew, "host:port"; asked at every offer, because ports may be known only once they are bound. */
  readonly endpoints: () => readonly string[];
  readonly options?: Partial<CoreOptions>;
  readonly healing: HealingPorts;
  /** Tells whoever schedules work on nodes; absent = nobody does. */
  readonly drain?: DrainHook | undefined;
  /** Where nodes ask for tunnels, and who cuts those of revoked ones; absent = there is no overlay. */
  readonly uplinks?: UplinkSight | undefined;
  readonly tunnels?: (TunnelGate & { nodeRevoked(id: NodeId): void }) | undefined;
}

/** All use cases of one controller, joined: what adapters bring streams and questions to. */
export interface Controller {
  readonly core: Core;
  readonly api: FleetApi;
  readonly tokens: JoinTokens;
  readonly enrollments: Enrollments;
  readonly renewals: Renewals;
  readonly revocations: Revocations;
  readonly identities: Identities;
  readonly history: HistoryRecorder;
  readonly audit: AuditLog;
  readonly healing: HealingDesk;
  readonly provisioning: ProvisioningDesk;
  readonly rollouts: RolloutDesk;
  readonly idempotency: Idempotency;
  readonly ports: PortDesk;
  /** Says goodbye to agents, writes what waits, samples included. The store stays open. */
  stop(): Promise<void>;
}

/** Loads what is known and starts. @throws BrambleError of the store */
export async function startController(deps: ControllerDeps): Promise<Controller> {
  const { store, world, trust } = deps;
  const history = new HistoryRecorder({ store, log: world.log });
  const identities = await Identities.load(store.reader, world.clock);
  const accounts = new Accounts({ reader: store.reader, clock: world.clock });
  const core = await startCore({
    ...deps,
    history,
    provisioning: { drain: deps.drain, revokeIn: (writer, asked, actor) => revocations.revokeIn(writer, asked, actor) },
    mayStill: (actor, permission, site) => accounts.mayStill(actor, permission, site),
  });
  const clones = new Clones({
    store,
    world,
    identities,
    bootIdInService: (id) => core.nodes.get(id)?.bootId ?? '',
    onFrozen: (id) => {
      core.refreshNode(id).catch((thrown: unknown) => {
        world.log.warn({ err: thrown, nodeId: id }, 'a frozen node could not be read anew; its next stream does it');
      });
    },
  });
  identities.watch(clones);
  const enrollments = new Enrollments({ ...deps, identities });
  const revocations: Revocations = new Revocations({
    store,
    world,
    identities,
    closeNode: (id, reason, detail) => {
      core.sessions.closeNode(id, reason, detail);
      deps.tunnels?.nodeRevoked(id);
    },
  });
  const audit = new AuditLog({ ...deps, remembered: () => rememberedHeads(core.nodes) });
  const tokens = new JoinTokens({ store, world, trust });
  const { nodes, commands, onCommitted } = core;
  const portChanges = new PortChanges({ store, world, nodes, commands, onCommitted });
  await portChanges.load();
  return {
    core,
    api: makeFleetApi(core, { tokens, enrollments, revocations, identities }),
    tokens,
    enrollments,
    renewals: new Renewals({ ...deps, identities, clones }),
    revocations,
    identities,
    history,
    audit,
    healing: new HealingDesk({ healing: core.healing, find: (id) => core.nodes.get(id)?.node, store }),
    provisioning: new ProvisioningDesk({ provisioning: core.provisioning, topologies: core.healing.topologies, store }),
    rollouts: new RolloutDesk({ rollouts: core.rollouts, nodes: core.nodes, store }),
    idempotency: new Idempotency({ store, world }),
    ports: new PortDesk({ changes: portChanges, nodes, store }),
    async stop() {
      await portChanges.stop();
      await core.stop();
      await history.flushAll();
    },
  };
}

function rememberedHeads(nodes: Core['nodes']): readonly RememberedHeads[] {
  return Array.from(nodes.all(), ({ node, auditHeads }) => ({ nodeName: node.name, heads: auditHeads }));
}
