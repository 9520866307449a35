import {
  createHash,
  createHmac,
  generateKeyPairSync,
  type KeyObject,
  sign,
  timingSafeEqual,
  verify,
} from 'node:crypto';
import type { TokenCreate } from '../../../proto/contract/api/requests.js';
import { BrambleError, type ErrorCode } from '../../../proto/contract/errors.js';
import type { NodeId } from '../../../proto/contract/ids.js';
import { openSqliteStore } from '../../store/sqlite-store.js';
import { Clones } from '../clones.js';
import { type EnrollmentOutcome, type EnrollmentProof, Enrollments } from '../enroll.js';
import { Identities } from '../identities.js';
import type { Authority, Store, Timers, Trust } from '../ports.js';
import { Renewals } from '../renew.js';
import { Revocations } from '../revoke.js';
import { JoinTokens } from '../tokens.js';
import { by } from './by.js';
import { FakeWorld } from './fake-world.js';
import { FaultyStore } from './faulty-store.js';

/** Certificates that are only labels; real ones are controller/pki's affair. */
export class PaperAuthority implements Authority {
  readonly trustRootsPem = 'roots';
  /** While set, nothing is signed. */
  failWith: ErrorCode | undefined;
  readonly #world: FakeWorld;
  #issued = 0;

  constructor(world: FakeWorld) {
    this.#world = world;
  }

  async issueNodeCertificate(): ReturnType<Authority['issueNodeCertificate']> {
    if (this.failWith !== undefined) throw new BrambleError(this.failWith, 'the authority is away');
    this.#issued += 1;
    const expiresAtMs = this.#world.clock.nowMs() + 30 * 86_400_000;
    return { chainPem: `chain ${this.#issued}`, certificateSerial: this.#issued.toString(16), expiresAtMs };
  }
}

/** Real cryptography with a key of the test's own. */
export const testTrust: Trust = {
  signFreshness: (text) => ({ text, keyId: 'k1', signature: new Uint8Array(64) }),
  signCommand: (payload) => ({ payload, keyId: 'k1', signature: new Uint8Array(64) }),
  verify: (spkiDer, message, signature) => {
    try {
      const key = { key: Buffer.from(spkiDer), format: 'der', type: 'spki' } as const;
      return verify(null, message, key, signature);
    } catch {
      return false; // not a key: nobody has signed
    }
  },
  sha256: (bytes) => createHash('sha256').update(bytes).digest(),
  tokenHmac: (bytes) => createHmac('sha256', 'test').update(bytes).digest(),
  equal: (a, b) => a.length === b.length && timingSafeEqual(a, b),
  commandKeys: [{ keyId: 'k1', spkiDer: new Uint8Array([1]) }],
};

const impatientTimers: Timers = {
  after: (_ms, call) => {
    setImmediate(call);
    return () => undefined;
  },
};

/** Enrolment and everything about credentials, on virtual time and a real store in memory. */
export class TrustBench {
  readonly world: FakeWorld;
  readonly store: FaultyStore;
  readonly authority: PaperAuthority;
  readonly identities: Identities;
  readonly tokens: JoinTokens;
  readonly enrollments: Enrollments;
  readonly renewals: Renewals;
  readonly revocations: Revocations;
  /** "close n-... revoked why", "frozen n-..." in their order. */
  readonly told: string[] = [];

  private constructor(world: FakeWorld, store: Store, identities: Identities, isPatient: boolean) {
    this.world = world;
    this.store = new FaultyStore(store);
    this.authority = new PaperAuthority(world);
    this.identities = identities;
    const timers = isPatient ? world.timers : impatientTimers;
    const deps = {
      world: { clock: world.clock, log: world.log, random: world.random, timers },
      ...{ store: this.store, identities, trust: testTrust },
      ...{ authority: this.authority, endpoints: () => ['controller:7443'] },
    };
    const clones = new Clones({
      ...deps,
      bootIdInService: () => 'boot-1',
      onFrozen: (id) => this.told.push(`frozen ${id}`),
    });
    identities.watch(clones);
    this.tokens = new JoinTokens(deps);
    this.enrollments = new Enrollments(deps);
    this.renewals = new Renewals({ ...deps, clones });
    const closeNode = (id: NodeId, reason: string, detail: string): void => {
      this.told.push(`close ${id} ${reason} ${detail}`);
    };
    this.revocations = new Revocations({ ...deps, closeNode });
  }

  /** `isPatient`: refusals wait for their moment in virtual time; else nobody has to advance it. */
  static async start(
    given: { readonly store?: Store; readonly world?: FakeWorld; readonly isPatient?: boolean } = {},
  ): Promise<TrustBench> {
    const world = given.world ?? new FakeWorld();
    const store =
      given.store ?? (await openSqliteStore({ path: ':memory:', mode: 'inline', clock: world.clock, log: world.log }));
    return new TrustBench(world, store, await Identities.load(store.reader, world.clock), given.isPatient ?? false);
  }

  /** The same store under a new process. */
  async restart(): Promise<TrustBench> {
    return await TrustBench.start({ store: this.store, world: new FakeWorld(2, 0) });
  }

  async token(over: Partial<TokenCreate> = {}): Promise<string> {
    const defaults = { site: 'lab', kind: 'pi', ttlMs: 86_400_000, uses: 1, preApproved: true } as const;
    return (await this.tokens.createToken({ ...defaults, ...over }, by('kim'))).token;
  }

  async enrol(key: TestKey, token: string, over: Partial<EnrollmentProof> = {}): Promise<EnrollmentOutcome> {
    const asked = await this.enrollments.ask({ kind: 'challenge', spkiDer: key.spkiDer }, '192.0.2.7:1');
    if (asked.kind !== 'challenge') throw new Error('no challenge');
    const proof = { ...proofOf(key, token, asked.nonce), ...over };
    return await this.enrollments.ask({ kind: 'proof', ...proof }, '192.0.2.7:1');
  }

  /** A node with its first credential. */
  async node(key = new TestKey()): Promise<NodeId> {
    const outcome = await this.enrol(key, await this.token());
    if (outcome.kind !== 'credential') throw new Error(`no credential but ${outcome.kind}`);
    return outcome.credential.nodeId;
  }

  async timeline(): Promise<readonly string[]> {
    await this.world.settle();
    const events = await this.store.reader.eventsAfter(0, { limit: 1_000 });
    return events.map(({ reason }) => reason);
  }
}

export class TestKey {
  readonly privateKey: KeyObject;
  readonly spkiDer: Uint8Array;
  readonly sha256: string;

  constructor() {
    const pair = generateKeyPairSync('ed25519');
    this.privateKey = pair.privateKey;
    this.spkiDer = new Uint8Array(pair.publicKey.export({ type: 'spki', format: 'der' }));
    this.sha256 = createHash('sha256').update(this.spkiDer).digest('hex');
  }

  sign(message: Uint8Array): Uint8Array {
    return sign(null, message, this.privateKey);
  }
}

export function proofOf(key: TestKey, token: string, nonce: Uint8Array): EnrollmentProof {
  const keyId = token.split('_')[1] ?? '';
  const hash = testTrust.sha256(key.spkiDer);
  const message = Buffer.concat([Buffer.from('bramble-enroll-v1\0'), nonce, hash, Buffer.from(keyId)]);
  return {
    token,
    spkiDer: key.spkiDer,
    nonce,
    signature: key.sign(message),
    nodeKind: 'pi',
    board: { model: 'Raspberry Pi 3 Model B Rev 1.2', serial: key.sha256.slice(0, 16), macAddresses: [] },
    hostname: 'raspberrypi',
  };
}
