import type { NodeId, SiteId } from '../../../proto/contract/ids.js';
import type { FolderChange, FolderFiles } from '../../../proto/contract/overlay/folder.js';
import type { TunnelCertificate, TunnelRecord } from '../../domain/overlay/book.js';
import type { StrayPacket } from '../../domain/overlay/tunnel-watch.js';
import type { Allocation } from '../../domain/topology/allocate.js';

/** The certificate of a tunnel. */
export interface IssuedTunnel {
  /** The tunnel's, then the issuing authority's. PEM. */
  readonly chainPem: string;
  readonly certificateSerial: string;
  readonly expiresAtMs: number;
}

export interface OverlaySettings {
  /** A /48, as parseOverlayPrefix() takes it. */
  readonly prefix: string;
  /** Name or address under which nodes reach the gateway. */
  readonly host: string;
  readonly listen: string;
  readonly port: number;
  /** For networks that let no UDP pass; 0 = none. */
  readonly tcpPort: number;
  /** TCP ports of nodes that the operators' machines may open. */
  readonly nodePorts: readonly number[];
  /** Who runs OpenVPN: a unit, or the controller itself, as root in a lab. */
  readonly services: 'systemd' | 'child';
}

/** Secrets and certificates of one gateway. PEM. */
export interface OverlayGatewayFiles {
  /** Its own, then the issuing authority's. */
  readonly certificatePem: string;
  readonly keyPem: string;
  /** Whose clients it lets in: the root and the authorities of tunnels. */
  readonly authorityPem: string;
  readonly expiresAtMs: number;
}

/** Signs tunnels. */
export interface OverlayAuthority {
  readonly trustPem: string;
  readonly gatewayKeyPem: string;
  /** Changes with everything that gateways are given, but for their own key and certificate. */
  readonly gatewayFingerprint: string;
  issueClient(nodeId: NodeId, spkiDer: Uint8Array): Promise<IssuedTunnel>;
  clientKeys(nodeId: NodeId): readonly string[];
  issueGateway(gateway: number): Promise<OverlayGatewayFiles>;
  revocationList(
    revoked: readonly { readonly serial: string; readonly atMs: number }[],
    lifeMs: number,
  ): Promise<string>;
  beginKeyChange(): Promise<void>;
  finishKeyChange(): Promise<void>;
}

/** The folder of a gateway on disk. Every file is replaced as a whole, and durable when a call resolves. */
export interface OverlayFolder {
  /** Of configuration, policy and clients; secrets are not told. */
  read(): Promise<FolderFiles>;
  apply(changes: readonly FolderChange[]): Promise<void>;
  hasSecret(name: string): Promise<boolean>;
  /** For nobody but the controller and the gateway's process. */
  writeSecret(name: string, content: string): Promise<void>;
}

/** A live tunnel as the gateway's process tells of it. Source: openvpn management-notes.txt, status 3. */
export interface LiveTunnel {
  /** The process's own number of it. */
  readonly clientId: number;
  /** Common name of its certificate. */
  readonly name: string;
  /** Where it comes from, as "address:port". */
  readonly remote: string;
  /** From the client, and to it, since it connected. */
  readonly receivedBytes: number;
  readonly sentBytes: number;
  readonly connectedAtMs: number;
}

/** The running gateway. @throws BrambleError `unavailable` when it does not answer */
export interface OverlayProcess {
  tunnels(): Promise<readonly LiveTunnel[]>;
  /** Of the newest lines of its log; what a kernel says to itself on every link is left out. */
  strays(): Promise<readonly StrayPacket[]>;
  /** Ends the tunnel at once and tells the client. One that is gone meanwhile is success. */
  end(clientId: number): Promise<void>;
}

/** The service manager, for the two things that a gateway needs of it. */
export interface OverlayServices {
  /** Starts it, or starts it anew: its configuration or its keys have changed. */
  restartGateway(): Promise<void>;
  /** Loads the rules for packets anew. */
  reloadPolicy(): Promise<void>;
}

/** What went over a site's uplink in one month. */
export interface UplinkUsage {
  readonly site: SiteId;
  /** UTC, "2026-11". */
  readonly month: string;
  /** From the site, and to it. */
  readonly receivedBytes: number;
  readonly sentBytes: number;
}

export interface OverlayReader {
  /** In use and at rest. */
  allocations(): Promise<readonly Allocation[]>;
  tunnels(): Promise<readonly TunnelRecord[]>;
  /** Those that are kept: until they expire. */
  revokedTunnels(): Promise<readonly TunnelCertificate[]>;
  uplinkUsage(month: string): Promise<readonly UplinkUsage[]>;
}

export interface OverlayWriter extends OverlayReader {
  /** Replaces that of the same pool, index and time of taking. */
  putAllocation(allocation: Allocation): Promise<void>;
  /** Removes those that were freed before. */
  removeAllocations(freedBeforeMs: number): Promise<void>;
  /** Replaces that of the node. */
  putTunnel(tunnel: TunnelRecord): Promise<void>;
  removeTunnel(id: NodeId): Promise<void>;
  addTunnelCertificate(certificate: TunnelCertificate): Promise<void>;
  /** All that the node has. */
  revokeTunnelCertificates(id: NodeId, atMs: number): Promise<void>;
  removeTunnelCertificates(expiredBeforeMs: number): Promise<void>;
  /** Adds to what is there. */
  chargeUplink(usage: UplinkUsage): Promise<void>;
}
