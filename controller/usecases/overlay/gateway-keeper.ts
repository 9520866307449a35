import type { Clock } from '../../../proto/contract/clock.js';
import { BrambleError } from '../../../proto/contract/errors.js';
import {
  diffFolder,
  type FolderChange,
  type FolderFiles,
  renderFolder,
} from '../../../proto/contract/overlay/folder.js';
import { clientName, type OverlayClient } from '../../../proto/contract/overlay/network.js';
import type { GatewayPolicy } from '../../../proto/contract/overlay/policy.js';
import { GATEWAY_FILES, type GatewayConfig } from '../../../proto/contract/overlay/server-config.js';
import { renderShaping, type ShapedSite } from '../../../proto/contract/overlay/shaping.js';
import type { StrayPacket } from '../../domain/overlay/tunnel-watch.js';
import type { Log, Store } from '../ports.js';
import type { LiveTunnel, OverlayAuthority, OverlayFolder, OverlayProcess, OverlayServices } from './ports.js';

const DAY_MS = 86_400_000;
/** The list is made anew every day; one that nobody makes anew ends all admission after two. */
export const REVOCATION_LIST_LIFE_MS = 2 * DAY_MS;
export const REVOCATION_LIST_EVERY_MS = DAY_MS;
const CERTIFICATE_RENEW_BEFORE_MS = 30 * DAY_MS;
const SETTING = 'overlay gateway';

export interface GatewayKeeperDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly authority: OverlayAuthority;
  readonly folder: OverlayFolder;
  readonly services: OverlayServices;
  readonly process: OverlayProcess;
  readonly config: GatewayConfig;
  readonly policy: () => GatewayPolicy;
  /** Sites whose uplinks are known. */
  readonly shaped: () => readonly ShapedSite[];
}

/** Keeps one gateway as it should be: its files, its secrets, its list of revoked certificates, its process. */
export class GatewayKeeper {
  readonly #deps: GatewayKeeperDeps;
  #listedAtMs: number | undefined;
  #shaping: string | undefined;
  #strayAtMs = 0;

  constructor(deps: GatewayKeeperDeps) {
    this.#deps = deps;
  }

  /** What differs on disk from what is wanted. */
  async diff(clients: readonly OverlayClient[]): Promise<readonly FolderChange[]> {
    return diffFolder(this.#wanted(clients), await this.#deps.folder.read());
  }

  /**
   * Writes what differs. Clients come and go by their files; the process is started anew only for its own configuration,
   * key or certificate, which ends every tunnel for a moment.
   */
  async converge(clients: readonly OverlayClient[]): Promise<readonly FolderChange[]> {
    const { folder, services } = this.#deps;
    const changes = await this.diff(clients);
    await folder.apply(changes);
    this.#shaping = renderShaping(this.#deps.config.device, this.#deps.shaped());
    const hasNewSecrets = await this.#keepSecrets();
    if (this.#listedAtMs === undefined) await this.writeRevocationList();
    const isChanged = (name: string): boolean => changes.some(({ path }) => path === name);
    if (isChanged(GATEWAY_FILES.policy) || isChanged(GATEWAY_FILES.shaping)) await services.reloadPolicy();
    if (hasNewSecrets || isChanged(GATEWAY_FILES.config) || !(await this.#isAnswering())) {
      await services.restartGateway();
    }
    return changes;
  }

  /** One client's file only: what others have is not looked at. */
  async putClient(client: OverlayClient): Promise<void> {
    const only = new Map([...this.#wanted([client])].filter(([path]) => path.startsWith(`${GATEWAY_FILES.clients}/`)));
    await this.#deps.folder.apply(diffFolder(only, new Map()));
  }

  /** A revoked client: no file, on the list, and its live tunnels ended. */
  async putOut(nodeId: string): Promise<void> {
    const path = `${GATEWAY_FILES.clients}/${clientName(nodeId)}`;
    await this.#deps.folder.apply([{ path, kind: 'remove', content: undefined, lines: [] }]);
    await this.writeRevocationList();
    const { process } = this.#deps;
    for (const { name, clientId } of await process.tunnels())
      if (name === clientName(nodeId)) await process.end(clientId);
  }

  async writeRevocationList(): Promise<void> {
    const { store, clock, authority, folder } = this.#deps;
    const revoked = await store.reader.overlay.revokedTunnels();
    const entries = revoked.map(({ certificateSerial: serial, revokedAtMs = 0 }) => ({ serial, atMs: revokedAtMs }));
    await folder.writeSecret(GATEWAY_FILES.revoked, await authority.revocationList(entries, REVOCATION_LIST_LIFE_MS));
    this.#listedAtMs = clock.nowMs();
  }

  /** To be called now and then. */
  async maintain(): Promise<void> {
    const { clock, store, services } = this.#deps;
    const nowMs = clock.nowMs();
    if (this.#listedAtMs === undefined || nowMs - this.#listedAtMs >= REVOCATION_LIST_EVERY_MS) {
      await store.transact((writer) => writer.overlay.removeTunnelCertificates(nowMs));
      await this.writeRevocationList();
    }
    if (await this.#keepSecrets()) await services.restartGateway();
    await this.#keepShaping();
  }

  /** People change what uplinks bear while the gateway runs. */
  async #keepShaping(): Promise<void> {
    const { config, shaped, folder, services } = this.#deps;
    const content = renderShaping(config.device, shaped());
    if (this.#shaping === content) return;
    this.#shaping = content;
    await folder.apply([{ path: GATEWAY_FILES.shaping, kind: 'change', content, lines: [] }]);
    await services.reloadPolicy();
  }

  async tunnels(): Promise<readonly LiveTunnel[]> {
    return await this.#deps.process.tunnels();
  }

  /** Those of which was not told before. */
  async strays(): Promise<readonly StrayPacket[]> {
    const found = (await this.#deps.process.strays()).filter(({ atMs }) => atMs > this.#strayAtMs);
    this.#strayAtMs = Math.max(this.#strayAtMs, ...found.map(({ atMs }) => atMs));
    return found;
  }

  #wanted(clients: readonly OverlayClient[]): FolderFiles {
    return renderFolder(this.#deps.config, this.#deps.policy(), clients, this.#deps.shaped());
  }

  async #isAnswering(): Promise<boolean> {
    try {
      await this.#deps.process.tunnels();
      return true;
    } catch (thrown) {
      if (BrambleError.from(thrown).code === 'unavailable') return false;
      throw thrown;
    }
  }

  /** True when the process has to learn of new ones. What it has is remembered by its fingerprint, never read back. */
  async #keepSecrets(): Promise<boolean> {
    const { store, clock, authority, folder, config } = this.#deps;
    const names = [GATEWAY_FILES.key, GATEWAY_FILES.certificate, GATEWAY_FILES.authority, GATEWAY_FILES.tlsCryptKey];
    const areThere = (await Promise.all(names.map((name) => folder.hasSecret(name)))).every(Boolean);
    const fingerprint = authority.gatewayFingerprint;
    const known = parseKnown(await store.reader.setting(`${SETTING} ${config.gateway}`));
    const isFresh = known !== undefined && known.expiresAtMs - clock.nowMs() > CERTIFICATE_RENEW_BEFORE_MS;
    if (areThere && isFresh && known.fingerprint === fingerprint) return false;
    const files = await authority.issueGateway(config.gateway);
    await folder.writeSecret(GATEWAY_FILES.authority, files.authorityPem);
    await folder.writeSecret(GATEWAY_FILES.certificate, files.certificatePem);
    await folder.writeSecret(GATEWAY_FILES.key, files.keyPem);
    await folder.writeSecret(GATEWAY_FILES.tlsCryptKey, authority.gatewayKeyPem);
    const { expiresAtMs } = files;
    const setting = JSON.stringify({ fingerprint, expiresAtMs });
    await store.transact((writer) => writer.putSetting(`${SETTING} ${config.gateway}`, setting));
    return true;
  }
}

interface KnownSecrets {
  readonly fingerprint: string;
  readonly expiresAtMs: number;
}

function parseKnown(text: string | undefined): KnownSecrets | undefined {
  if (text === undefined) return undefined;
  const value: unknown = JSON.parse(text); // written by this file alone
  if (typeof value !== 'object' || value === null) return undefined;
  const { fingerprint, expiresAtMs } = { fingerprint: undefined, expiresAtMs: undefined, ...value };
  return typeof fingerprint === 'string' && typeof expiresAtMs === 'number' ? { fingerprint, expiresAtMs } : undefined;
}
