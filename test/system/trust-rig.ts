import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { makeGrpcNet } from '../../agent/kit/host/node/net.js';
import type { LinkStream, TlsIdentity } from '../../agent/kit/host/ports.js';
import { type OpenedAuthority, openAuthority } from '../../controller/pki/authority.js';
import { commandCodec } from '../../controller/rpc/command-codec.js';
import type { RpcLimits } from '../../controller/rpc/limits.js';
import { type RpcIdentity, type RpcServer, startRpcServer } from '../../controller/rpc/server.js';
import { UploadFiles } from '../../controller/rpc/upload-files.js';
import { openSqliteStore } from '../../controller/store/sqlite-store.js';
import { systemClock, systemRandom, systemTimers } from '../../controller/system.js';
import { startController } from '../../controller/usecases/controller.js';
import type { Core } from '../../controller/usecases/core.js';
import type { Enrollments } from '../../controller/usecases/enroll.js';
import type { Identities } from '../../controller/usecases/identities.js';
import type { Log, Store, World } from '../../controller/usecases/ports.js';
import type { Renewals } from '../../controller/usecases/renew.js';
import type { Revocations } from '../../controller/usecases/revoke.js';
import { by } from '../../controller/usecases/testing/by.js';
import { healingPorts } from '../../controller/usecases/testing/healing-ports.js';
import type { JoinTokens } from '../../controller/usecases/tokens.js';
import type { TokenCreate } from '../../proto/contract/api/requests.js';
import type { Clock } from '../../proto/contract/clock.js';
import { BrambleError } from '../../proto/contract/errors.js';
import { type NodeId, type NodeKind, nodeId, siteId } from '../../proto/contract/ids.js';
import type { Credential, EnrollResponse } from '../../proto/gen/bramble/agent/v1/enrollment.js';
import { type ControllerFrame, Hello } from '../../proto/gen/bramble/agent/v1/link.js';
import type { ServerIdentity } from '../../proto/wire/server-credentials.js';

/** A controller's trust, transport and core in this process, on loopback and in memory; and agents that speak real gRPC to it. */
export class TrustRig {
  readonly dir: string;
  readonly authority: OpenedAuthority;
  readonly store: Store;
  readonly core: Core;
  readonly identities: Identities;
  readonly tokens: JoinTokens;
  readonly enrollments: Enrollments;
  readonly renewals: Renewals;
  readonly revocations: Revocations;
  readonly server: RpcServer;
  readonly logged: string[];
  readonly #open: LinkStream[] = [];

  private constructor(
    parts: {
      [Part in
        | 'dir'
        | 'authority'
        | 'store'
        | 'core'
        | 'identities'
        | 'tokens'
        | 'enrollments'
        | 'renewals'
        | 'revocations'
        | 'server'
        | 'logged']: TrustRig[Part];
    },
  ) {
    this.dir = parts.dir;
    this.authority = parts.authority;
    this.store = parts.store;
    this.core = parts.core;
    this.identities = parts.identities;
    this.tokens = parts.tokens;
    this.enrollments = parts.enrollments;
    this.renewals = parts.renewals;
    this.revocations = parts.revocations;
    this.server = parts.server;
    this.logged = parts.logged;
  }

  static async start(
    over: {
      readonly limits?: Partial<RpcLimits>;
      readonly fleetId?: string;
      /** In place of the authority's own: for impostors. */
      readonly serverIdentity?: ServerIdentity;
    } = {},
  ): Promise<TrustRig> {
    const dir = mkdtempSync(join(tmpdir(), 'bramble-rig-'));
    const logged: string[] = [];
    const log = keepingLog(logged);
    const world: World = { clock: systemClock, random: systemRandom, timers: systemTimers, log };
    const authority = await openRigAuthority(join(dir, 'keys'), systemClock, over.fleetId);
    const { trust } = authority;
    const store = await openSqliteStore({ path: ':memory:', mode: 'inline', clock: systemClock, log });
    const controller = await startController({
      store,
      world,
      authority,
      trust,
      codec: commandCodec,
      healing: healingPorts,
      endpoints: () => [`127.0.0.1:${server.linkPort}`],
    });
    const { core, identities, tokens, enrollments, renewals, revocations } = controller;
    const server = await startRpcServer({
      identity:
        over.serverIdentity === undefined
          ? authority
          : { ...impostorOf(authority), serverIdentity: over.serverIdentity },
      gate: core.gate,
      enrollments,
      renewals,
      identities,
      uploads: new UploadFiles(join(dir, 'uploads')),
      listen: { enrolHost: '127.0.0.1', enrolPort: 0, linkHost: '127.0.0.1', linkPort: 0 },
      ...(over.limits === undefined ? {} : { limits: over.limits }),
      clock: systemClock,
      timers: systemTimers,
      log,
    });
    return new TrustRig({
      ...{ dir, authority, store, core, identities, tokens, enrollments, renewals, revocations, server, logged },
    });
  }

  get link(): string {
    return `127.0.0.1:${this.server.linkPort}`;
  }

  get enrol(): string {
    return `127.0.0.1:${this.server.enrolPort}`;
  }

  async token(over: Partial<TokenCreate> = {}): Promise<string> {
    const defaults = { site: 'lab', kind: 'pi', ttlMs: 86_400_000, uses: 1, preApproved: true } as const;
    return (await this.tokens.createToken({ ...defaults, ...over }, by('test'))).token;
  }

  /** A board from its first question to its credential, over the wire. */
  async enrolNode(kind: NodeKind = 'pi', board = new TestBoard(kind)): Promise<TestNode> {
    const answer = await board.enrol(this, await this.token({ kind }));
    return board.member(credentialOf(answer));
  }

  /** A stream that said hello; closed with the rig. */
  async connect(node: TestNode, hello: Partial<Hello> = {}): Promise<TestLink> {
    const stream = await makeGrpcNet().openLink(this.link, node.identity, new AbortController().signal);
    this.#open.push(stream);
    const link = new TestLink(stream);
    link.hello(node.kind, hello);
    return link;
  }

  async timeline(): Promise<readonly string[]> {
    return (await this.store.reader.eventsAfter(0, { limit: 1_000 })).map(({ reason }) => reason);
  }

  /** Every file that was uploaded, as node/name. */
  async uploaded(): Promise<readonly string[]> {
    const entries = await readdir(join(this.dir, 'uploads'), { recursive: true, withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => `${basename(parentPath)}/${name}`);
  }

  /** Another authority on the same keys, at another time: it signs what this one would have signed then. */
  async authorityAt(offsetMs: number): Promise<OpenedAuthority> {
    const clock: Clock = { nowMs: () => systemClock.nowMs() + offsetMs, monotonicMs: () => systemClock.monotonicMs() };
    return await openRigAuthority(join(this.dir, 'keys'), clock, undefined);
  }

  async stop(): Promise<void> {
    for (const stream of this.#open) stream.end();
    await this.core.stop();
    await this.server.close(200);
    await this.store.close();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

async function openRigAuthority(dir: string, clock: Clock, fleetId: string | undefined): Promise<OpenedAuthority> {
  return await openAuthority({ dir, clock, random: systemRandom, ...(fleetId === undefined ? {} : { fleetId }) });
}

function impostorOf(authority: OpenedAuthority): Omit<RpcIdentity, 'serverIdentity'> {
  return {
    trustRootsPem: authority.trustRootsPem,
    readNodeCertificate: (certificate) => authority.readNodeCertificate(certificate),
    onServerIdentity: () => () => undefined,
    maintain: () => Promise.resolve(),
  };
}

function keepingLog(logged: string[]): Log {
  const keep = (fields: Readonly<Record<string, unknown>>, message: string): void => {
    logged.push(
      `${message} ${JSON.stringify(fields, (_key, value: unknown) => (value instanceof Error ? String(value) : value))}`,
    );
  };
  return { info: keep, warn: keep, error: keep };
}

/** A board with a key, before it is anybody. */
export class TestBoard {
  readonly kind: NodeKind;
  readonly serial: string;
  readonly privateKey: KeyObject;
  readonly spkiDer: Buffer;

  constructor(kind: NodeKind = 'pi', serial = Buffer.from(systemRandom.bytes(8)).toString('hex')) {
    this.kind = kind;
    this.serial = serial;
    const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    this.privateKey = pair.privateKey;
    this.spkiDer = pair.publicKey.export({ type: 'spki', format: 'der' });
  }

  async ask(rig: TrustRig, pin = rig.authority.rootPin, spkiDer = this.spkiDer): Promise<Buffer> {
    const request = { step: { $case: 'challenge', value: { spkiDer } } } as const;
    const { outcome } = await makeGrpcNet().enroll(rig.enrol, pin, request, new AbortController().signal);
    if (outcome?.$case !== 'challenge') throw new Error('no challenge');
    return outcome.value.nonce;
  }

  async prove(rig: TrustRig, token: string, nonce: Buffer, over: Partial<Proof> = {}): Promise<EnrollResponse> {
    const signal = new AbortController().signal;
    const value = { ...this.proof(token, nonce, rig), ...over };
    return await makeGrpcNet().enroll(rig.enrol, rig.authority.rootPin, { step: { $case: 'proof', value } }, signal);
  }

  proof(token: string, nonce: Buffer, rig: TrustRig): Proof {
    const keyHash = rig.authority.trust.sha256(this.spkiDer);
    const keyId = token.split('_')[1] ?? '';
    const message = Buffer.concat([Buffer.from('bramble-enroll-v1\0'), nonce, keyHash, Buffer.from(keyId)]);
    return {
      token,
      spkiDer: this.spkiDer,
      nonce,
      signature: sign('sha256', message, this.privateKey),
      kind: KIND_NUMBER[this.kind],
      board: { model: 'Raspberry Pi 3 Model B Rev 1.2', serial: this.serial, macAddresses: [] },
      hostname: 'raspberrypi',
      agentVersion: '0.1.0',
    };
  }

  async enrol(rig: TrustRig, token: string): Promise<EnrollResponse> {
    return await this.prove(rig, token, await this.ask(rig));
  }

  member(credential: Credential): TestNode {
    const privateKeyPem = this.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    return {
      id: nodeId(credential.nodeId),
      kind: this.kind,
      spkiDer: this.spkiDer,
      renewalCounter: credential.renewalCounter,
      identity: {
        certificateChainPem: credential.certificateChainPem,
        privateKeyPem,
        trustRootsPem: credential.trustRootsPem,
        clockFloorMs: 0,
      },
    };
  }
}

type Proof = Extract<Parameters<ReturnType<typeof makeGrpcNet>['enroll']>[2]['step'], { $case: 'proof' }>['value'];

const KIND_NUMBER = { pi: 1, fileserver: 2, switch: 3 } as const;

export interface TestNode {
  readonly id: NodeId;
  readonly kind: NodeKind;
  readonly spkiDer: Buffer;
  readonly identity: TlsIdentity;
  readonly renewalCounter: number;
}

export function credentialOf({ outcome }: EnrollResponse): Credential {
  if (outcome?.$case !== 'credential') throw new Error(`no credential but ${outcome?.$case}`);
  return outcome.value;
}

/** An agent's end of one stream, with everything that came kept. */
export class TestLink {
  readonly stream: LinkStream;
  readonly received: NonNullable<ControllerFrame['frame']>[] = [];
  /** Resolves when the stream is over: with why, or with `undefined` after a clean end. */
  readonly over: Promise<unknown>;
  /** What a probe is answered with; `undefined` = silence. */
  answersAs: { readonly bootId: string; readonly processNonce: string } | undefined;
  #waiting: { readonly $case: string; readonly resolve: (value: unknown) => void }[] = [];

  constructor(stream: LinkStream) {
    this.stream = stream;
    this.over = this.#read();
  }

  hello(kind: NodeKind, over: Partial<Hello> = {}): void {
    const value = Hello.fromPartial({
      kind: KIND_NUMBER[kind],
      bootId: '11111111-1111-4111-8111-111111111111',
      processNonce: 'process-1',
      agentVersion: '0.1.0',
      board: {},
      ledgerHead: {},
      outboxHead: { nextSequence: 1 },
      supportedActions: ['restart_unit', 'reboot'],
      ...over,
    });
    this.answersAs = { bootId: value.bootId, processNonce: value.processNonce };
    this.stream.send({ frame: { $case: 'hello', value } });
  }

  /** Why the stream ended; fails when it ended cleanly. */
  async refusal(): Promise<BrambleError> {
    const thrown = await this.over;
    if (thrown instanceof BrambleError) return thrown;
    throw new Error(`the stream ended with ${String(thrown)}`);
  }

  /** The first frame of a kind that came or comes; undefined when the stream ends before. */
  async next<Case extends NonNullable<ControllerFrame['frame']>['$case']>(
    $case: Case,
  ): Promise<Extract<NonNullable<ControllerFrame['frame']>, { $case: Case }>['value'] | undefined> {
    const come = this.received.find((frame) => frame.$case === $case);
    if (come !== undefined) return come.value as never; // its case was just compared
    const value = await Promise.race([
      new Promise<unknown>((resolve) => this.#waiting.push({ $case, resolve })),
      this.over.then(() => undefined),
    ]);
    return value as never; // only a frame of this case resolves it
  }

  async #read(): Promise<unknown> {
    try {
      for await (const { frame } of this.stream.frames) {
        if (frame === undefined) continue;
        this.received.push(frame);
        if (frame.$case === 'probe' && this.answersAs !== undefined) {
          const value = { nonce: frame.value.nonce, ...this.answersAs };
          this.stream.send({ frame: { $case: 'probeReply', value } });
        }
        for (const waiter of this.#waiting) if (waiter.$case === frame.$case) waiter.resolve(frame.value);
        this.#waiting = this.#waiting.filter(({ $case }) => $case !== frame.$case);
      }
      return undefined;
    } catch (thrown) {
      return thrown;
    }
  }
}

export const LAB = siteId('lab');
