import type { Readable } from 'node:stream';
import type { Clock } from '../../proto/contract/clock.js';
import type { NumberFactName } from '../../proto/contract/facts.js';
import type { CommandId, NodeId } from '../../proto/contract/ids.js';
import type { Random } from '../../proto/contract/random.js';
import type { Secret } from '../../proto/contract/secret.js';
import type { Access } from '../usecases/access/access.js';
import type { FleetApi } from '../usecases/api.js';
import type { AuditLog } from '../usecases/audit/audit-log.js';
import type { Backups } from '../usecases/backups.js';
import type { Doctor } from '../usecases/doctor.js';
import type { HealingDesk } from '../usecases/healing/healing-desk.js';
import type { Idempotency } from '../usecases/idempotency.js';
import type { Images } from '../usecases/images/images.js';
import type { OverlayDesk } from '../usecases/overlay/overlay-view.js';
import type { Log, Timers } from '../usecases/ports.js';
import type { ProvisioningDesk } from '../usecases/provisioning/provisioning-desk.js';
import type { RolloutDesk } from '../usecases/rollout/rollout-desk.js';
import type { PortDesk } from '../usecases/switches/port-desk.js';

/** What the two doors need of the rest of the controller. */
export interface WebOptions {
  /** All of it. Handlers get the caller's part of it with each call. */
  readonly wholeFleet: FleetApi;
  readonly access: Access;
  readonly audit: AuditLog;
  readonly backups: Backups;
  readonly doctor: Pick<Doctor, 'facts'>;
  /** Figures may be scraped from this machine without a token. */
  readonly metricsOpenOnLoopback: boolean;
  readonly idempotency: Pick<Idempotency, 'begin' | 'finish' | 'fail'>;
  readonly history: HistorySource;
  readonly uploads: UploadSource;
  readonly images: Images;
  readonly healing: HealingDesk;
  readonly provisioning: ProvisioningDesk;
  readonly rollouts: RolloutDesk;
  /** `undefined` = there is none. */
  readonly overlay?: OverlayDesk | undefined;
  readonly switches: PortDesk;
  readonly join: JoinFacts;
  readonly readiness: () => Promise<readonly PartReadiness[]>;
  readonly measures: () => Promise<readonly Measure[]>;
  readonly assets: Assets;
  readonly page: PageOptions;
  /** Path of the administrator's Unix socket; what lies there is replaced. */
  readonly adminSocket: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly timers: Timers;
  readonly log: Log;
}

export interface PageOptions {
  readonly host: string;
  readonly port: number;
  /** PEM texts; must be there when the host is not of loopback. */
  readonly tls?: { readonly certificatePem: string; readonly privateKey: Secret } | undefined;
  /** More names under which the page may be opened. */
  readonly names?: readonly string[];
}

export interface HistorySource {
  series(
    id: NodeId,
    fact: NumberFactName,
    instance: string,
    fromMs: number,
    toMs: number,
  ): Promise<readonly { readonly atMs: number; readonly value: number }[]>;
}

/** Files that nodes have uploaded. */
export interface UploadSource {
  find(id: NodeId, command: CommandId): Promise<{ readonly sizeBytes: number; read(): Readable } | undefined>;
}

/** What a node is told together with its token. */
export interface JoinFacts {
  /** Lower-case hex SHA-256 of the root authority's SubjectPublicKeyInfo. */
  readonly spkiPin: string;
  /** "host:port" of the enrol listener as nodes reach it. */
  readonly enrollEndpoint: string;
}

export interface PartReadiness {
  readonly part: string;
  readonly ready: boolean;
  /** Why not, or what was seen. */
  readonly detail: string;
}

/** One figure for /metrics. The name is complete: bramble_, words, unit. */
export interface Measure {
  readonly name: string;
  readonly help: string;
  readonly kind: 'gauge' | 'counter';
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Files of the page by request path. */
export type Assets = ReadonlyMap<string, Asset>;

export interface Asset {
  readonly contentType: string;
  readonly body: Buffer;
  /** Strong entity tag, quotes included. */
  readonly etag: string;
}
