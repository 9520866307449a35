import type { Clock } from '../../../proto/contract/clock.js';
import type { Progress } from '../../../proto/contract/progress.js';
import type { Random } from '../../../proto/contract/random.js';
import type { UploadHeader, UploadReceipt } from '../../../proto/gen/bramble/agent/v1/bulk.js';
import type {
  EnrollRequest,
  EnrollResponse,
  RenewRequest,
  RenewResponse,
} from '../../../proto/gen/bramble/agent/v1/enrollment.js';
import type { AgentFrame, ControllerFrame } from '../../../proto/gen/bramble/agent/v1/link.js';
import type { Traffic } from './traffic.js';

/** The whole outside world of an agent. Every port has a real and a simulated adapter and one conformance suite for both. */
export interface Host {
  readonly clock: HostClock;
  readonly files: Files;
  readonly kernel: KernelFiles;
  readonly kernelLog: KernelLog;
  readonly exec: Exec;
  readonly net: Net;
  readonly services: Services;
  readonly machine: Machine;
  readonly random: Random;
  readonly keys: Keys;
  readonly gzip: Gzip;
}

/** monotonicMs() counts from boot, suspend included (CLOCK_BOOTTIME). */
export interface HostClock extends Clock {
  /** Resolves after `ms`; rejects with `cancelled` when the signal aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** The agent's own state on storage. Paths are absolute; what they name may be slow, full or read-only. */
export interface Files {
  /** `undefined` when the file does not exist; every other failure throws. Refuses files over 4 MiB. */
  readText(path: string): Promise<string | undefined>;
  /** Temp file in the same directory, fsync, rename, fsync of the directory. `mode` defaults to 0o600. */
  writeAtomic(path: string, content: string | Uint8Array, mode?: number): Promise<void>;
  /** Opens or creates (0600) a file that only grows; its directory is made (0700) when absent. */
  openLog(path: string): Promise<LogFile>;
  /** No error when it does not exist. */
  remove(path: string): Promise<void>;
}

/** An append-only file. What was appended is durable only after sync(). */
export interface LogFile {
  readAll(): Promise<Uint8Array>;
  /** Appends at the end. After a failure an unknown part may have been written: the caller truncates. */
  append(bytes: Uint8Array): Promise<void>;
  sync(): Promise<void>;
  truncate(sizeBytes: number): Promise<void>;
  close(): Promise<void>;
}

/**
 * Kernel interfaces under one root (normally "/"): /proc, /sys and small files of local filesystems. Synchronous, because
 * the kernel answers from memory and a thread pool costs ten times the read. Never give it a path on a network filesystem.
 */
export interface KernelFiles {
  /**
   * Content, at most 256 KiB of it; `undefined` when absent or not readable as this user (ENOENT, ENODEV, EACCES, EINVAL, EIO).
   * `latin1` keeps every byte as one character: for binary files, such as the cells of a device tree.
   */
  readText(path: string, encoding?: 'utf8' | 'latin1'): string | undefined;
  /** Names in a directory, sorted; `undefined` when absent. */
  list(path: string): readonly string[] | undefined;
  /** statfs(2) of a mount point; `undefined` when absent. The caller has made sure that it is local. */
  statFilesystem(mountPoint: string): FilesystemStat | undefined;
}

export interface FilesystemStat {
  readonly blockSizeBytes: number;
  readonly blocks: number;
  /** Free for unprivileged users. */
  readonly blocksAvailable: number;
  readonly inodes: number;
  readonly inodesFree: number;
}

/** One record of the kernel's log. */
export interface KernelLogRecord {
  /** Ascends by one from record to record, from boot on. */
  readonly sequence: number;
  /** syslog(3) facility and level; facility 0 is the kernel itself, anything else came from a program. */
  readonly facility: number;
  readonly level: number;
  /** Since boot, time asleep not counted, ms. */
  readonly atMs: number;
  /** First line; what is not printable ASCII is spelled out by the kernel as \\xNN. */
  readonly text: string;
}

export interface KernelLogBatch {
  /** Oldest first. */
  readonly records: readonly KernelLogRecord[];
  /** Records that the kernel had overwritten before they could be read, or that were not of the known form. */
  readonly droppedCount: number;
}

/** The kernel's log. Each process reads for itself, from the oldest record that the kernel still holds. */
export interface KernelLog {
  /**
   * What came since the last read, at most `recordsMax`; never waits, and is empty when there is nothing new.
   * @throws BrambleError `unsupported` when this process may not read the log, or there is none
   */
  read(recordsMax: number): KernelLogBatch;
  /**
   * The newest records that the kernel holds, oldest first; what read() has seen and will see stays as it is.
   * @throws BrambleError `unsupported` as read()
   */
  last(recordsMax: number): readonly KernelLogRecord[];
}

export interface ExecLimits {
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  /** Written to standard input, which is then closed. */
  readonly input?: string;
}

export interface ExecResult {
  /** Exit status; `undefined` when a signal ended it. */
  readonly status: number | undefined;
  /** At most 1 MiB each. */
  readonly stdout: string;
  readonly stderr: string;
}

export interface Exec {
  /**
   * argv only, never a shell; C locale. A non-zero exit is a result, not an exception.
   * @throws BrambleError `deadline-exceeded`, `cancelled`, `not-found` (no such program)
   */
  run(argv: readonly [string, ...string[]], limits: ExecLimits): Promise<ExecResult>;
}

/** "host:port"; IPv6 hosts in brackets. */
export type Endpoint = string;

/** What a node proves itself with and whom it trusts. PEM texts. */
export interface TlsIdentity {
  readonly certificateChainPem: string;
  readonly privateKeyPem: string;
  readonly trustRootsPem: string;
  /** Certificates are judged against the later of the wall clock and this. Ms since 1970-01-01 UTC. */
  readonly clockFloorMs: number;
}

/** An open Link stream. */
export interface LinkStream {
  /** Queues one frame; `false` when the transport wants a pause (the caller drops what can be dropped). */
  send(frame: AgentFrame): boolean;
  /** Ends our side; frames already queued still go out. */
  end(): void;
  /** Frames from the controller, in order; ends when the stream ends cleanly, throws BrambleError otherwise. */
  readonly frames: AsyncIterable<ControllerFrame>;
}

/** The controller, as far as an agent can reach it. Failures are BrambleErrors with gRPC's codes. */
export interface Net {
  openLink(endpoint: Endpoint, identity: TlsIdentity, signal: AbortSignal): Promise<LinkStream>;
  /** `spkiPin`: lower-case hex SHA-256 of the root's SubjectPublicKeyInfo, from the join file. */
  enroll(endpoint: Endpoint, spkiPin: string, request: EnrollRequest, signal: AbortSignal): Promise<EnrollResponse>;
  renew(endpoint: Endpoint, identity: TlsIdentity, request: RenewRequest, signal: AbortSignal): Promise<RenewResponse>;
  /** On a connection of its own. Chunks are cut to the size that the contract allows. */
  upload(
    endpoint: Endpoint,
    identity: TlsIdentity,
    header: UploadHeader,
    content: AsyncIterable<Uint8Array>,
    signal: AbortSignal,
  ): Promise<UploadReceipt>;
}

export interface ServiceState {
  /** ActiveState of systemd: active, inactive, failed, activating, deactivating, reloading. */
  readonly active: string;
  /** Changes with every start (systemd InvocationID); empty when it never ran. */
  readonly invocationId: string;
}

/** The service manager. Real adapters: systemd, and child processes for labs. */
export interface Services {
  /** @throws BrambleError `not-found` for an unknown unit, `unsupported` where no service manager runs. */
  state(unit: string, signal: AbortSignal): Promise<ServiceState>;
  /** Resolves when the restart is done. */
  restart(unit: string, signal: AbortSignal): Promise<void>;
  /** Asks for an orderly reboot of the machine; resolves when it was accepted. */
  reboot(signal: AbortSignal): Promise<void>;
}

export interface Gzip {
  /** One gzip member (RFC 1952) of all parts, without a name or a time in it. Parts are asked for one after the other. */
  pack(parts: AsyncIterable<Uint8Array>): Promise<Uint8Array>;
}

export type MountAccess = 'read-write' | 'read-only';

/** What takes root's rights beyond services. Real adapters: this machine itself, and a helper that has the rights. */
export interface Machine {
  /**
   * Remounts a local filesystem, the device behind it included.
   * @throws BrambleError `failed-precondition` (the kernel refuses: busy, write-protected, errors that need fsck),
   * `not-found` (nothing is mounted there), `permission-denied`, `unsupported`
   */
  remount(mountPoint: string, access: MountAccess, signal: AbortSignal): Promise<void>;
  /** Has the time service step the clock now; resolves when it was told. @throws `unsupported` (no time service) */
  stepClock(signal: AbortSignal): Promise<void>;
  /**
   * Blinks the activity LED for so long, then gives it back to what drove it before, also when the signal aborts.
   * @throws BrambleError `unsupported` (no LED), `failed-precondition` (it blinks already), `permission-denied`, `cancelled`
   */
  blink(forMs: number, signal: AbortSignal): Promise<void>;
  /** Gives back an LED that a killed process left blinking; otherwise nothing. */
  endBlink(signal: AbortSignal): Promise<void>;
  /**
   * The last lines of the system's journal, oldest first, at most 256 KiB.
   * @throws BrambleError `unsupported` (no journal), `permission-denied`
   */
  journal(source: JournalSource, linesMax: number, signal: AbortSignal): Promise<string>;
  /** @throws BrambleError `unsupported` (no such program), `permission-denied`, `not-found` (no such device) */
  storage(question: StorageQuestion, signal: AbortSignal): Promise<string>;
  /** Resolves when mdadm has done it. @throws BrambleError `failed-precondition` with its words, and as storage() */
  raid(order: RaidOrder, signal: AbortSignal): Promise<void>;
  /**
   * An order of the agent's own kind, which only that agent and its helper understand; both sides check it.
   * @throws BrambleError `unsupported` (there are none), or that of the order
   */
  own(order: string, signal: AbortSignal, caller?: OrderCaller): Promise<string>;
  /**
   * What the kernel counted of the NFS server's clients, and on these interfaces; begins to count when it does not yet.
   * @throws BrambleError `unsupported` (no nftables), `permission-denied`, `failed-precondition` with the words of nft
   */
  traffic(interfaces: readonly string[], signal: AbortSignal): Promise<Traffic>;
}

/** Who waits for an order. */
export interface OrderCaller {
  /** Aborts when he asks to end it: an order that may be cut off ends then, and puts back what it began. */
  readonly stopped: AbortSignal;
  tell(progress: Progress): void;
}

/** What only root may ask of storage. Names are those of block devices in /dev, without a path. */
export type StorageQuestion =
  /** Answers with what `smartctl --json --all` prints; its own exit status is in it. A disk that sleeps is left asleep. */
  | { readonly kind: 'smart'; readonly disk: string }
  /** Answers with what `lvs --reportformat json` prints. */
  | { readonly kind: 'thin-pools' }
  /** Answers with what `mdadm --examine --export` prints. */
  | { readonly kind: 'raid-member'; readonly member: string };

/** One change of an md array. */
export type RaidOrder =
  | { readonly kind: 'add' | 'remove'; readonly array: string; readonly member: string }
  /** `by` is in the array already, as a spare: the member is copied while it still serves. */
  | { readonly kind: 'replace'; readonly array: string; readonly member: string; readonly by: string }
  | { readonly kind: 'sync'; readonly array: string; readonly action: 'check' | 'idle' };

export type JournalSource = { readonly kind: 'kernel' } | { readonly kind: 'unit'; readonly unit: string };

export interface KeyPair {
  readonly privateKeyPem: string;
  /** DER SubjectPublicKeyInfo. */
  readonly spkiDer: Uint8Array;
}

/** Cryptography with keys of this node. ECDSA P-256 on real hosts; the simulator uses Ed25519 from its seed. */
export interface Keys {
  makeKeyPair(): KeyPair;
  /** Signs with whatever kind the key is: Ed25519, or ECDSA with SHA-256 in DER. */
  sign(privateKeyPem: string, message: Uint8Array): Uint8Array;
  /** Ed25519 only; false for anything that is not a valid signature by that key. */
  verifyEd25519(spkiDer: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
  sha256(bytes: Uint8Array): Uint8Array;
}
