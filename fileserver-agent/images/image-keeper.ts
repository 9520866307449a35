import type { ImageStanding, Reach } from '../../agent/kit/host/image-link.js';
import type { HostClock } from '../../agent/kit/host/ports.js';
import type { Watch } from '../../agent/kit/watch/watch.js';
import { BrambleError } from '../../proto/contract/errors.js';
import type { ImageDigest } from '../../proto/contract/images/digest.js';
import { parseManifest } from '../../proto/contract/images/manifest-text.js';
import type { HeldImage, Holder, ImageStore } from './image-store.js';
import { type PullerPorts, type PullProgress, pullImage, refreshImage } from './puller.js';
import type { SiteTrust } from './site-trust.js';
import type { ImageMemory } from './small-memory.js';

const LOOK_EVERY_MS = 2_000;
/** The controller forgets with each restart where images are. */
const TELL_EVERY_MS = 300_000;
/** While one comes. */
const TELL_PROGRESS_EVERY_MS = 3_000;
/** The controller's word holds for a week. */
const REFRESH_EVERY_MS = 6 * 3_600_000;
const SWEEP_EVERY_MS = 86_400_000;
/** What is younger may belong to an image that comes. */
const UNUSED_KEPT_MS = 86_400_000;
const RETRY_FIRST_MS = 10_000;
const RETRY_MAX_MS = 600_000;

const NOTHING_DONE: PullProgress = { doneBytes: 0, totalBytes: 0 };

/** Somebody has to change something first: trying again changes nothing. */
const FINAL = new Set(['failed-precondition', 'not-found', 'permission-denied', 'unsupported', 'invalid-argument']);

export interface KeeperPorts extends Omit<PullerPorts, 'trust'> {
  readonly trust: Pick<SiteTrust, 'checkSigned' | 'check' | 'verdict'>;
  readonly memory: ImageMemory;
  readonly clock: HostClock;
  /** Who asks, and where. */
  reach(): Reach;
}

interface Trouble {
  readonly standing: ImageStanding;
  readonly failuresCount: number;
  /** Monotonic; Infinity = never by itself. */
  readonly nextTryMs: number;
}

/** Has the images here that were asked for. One is pulled at a time; what was asked for survives restarts. */
export class ImageKeeper implements ImageStore, Watch {
  readonly name = 'images';
  readonly intervalMs = LOOK_EVERY_MS;
  readonly #ports: KeeperPorts;
  readonly #troubles = new Map<ImageDigest, Trouble>();
  readonly #toVerify = new Set<ImageDigest>();
  #running: { readonly image: ImageDigest; readonly stop: AbortController; progress: PullProgress } | undefined;
  #toldMs = -Infinity;
  #refreshedMs = -Infinity;
  #sweptMs = -Infinity;

  constructor(ports: KeeperPorts) {
    this.#ports = ports;
  }

  /** It comes by and by. One that is here is read, and what of it is damaged is fetched anew. */
  async want(image: ImageDigest): Promise<'here' | 'comes'> {
    const { memory, files } = this.#ports;
    const wanted = await memory.wanted();
    if (!wanted.includes(image)) await memory.setWanted([...wanted, image]);
    this.#troubles.delete(image);
    this.#toldMs = -Infinity;
    if ((await files.readManifest(image)) === undefined) return 'comes';
    this.#toVerify.add(image);
    return 'here';
  }

  /** It comes no more; what is here of it stays. Asked for again it goes on from there. */
  async leave(image: ImageDigest): Promise<void> {
    const { memory, files } = this.#ports;
    if ((await files.readManifest(image)) === undefined) {
      await memory.setWanted((await memory.wanted()).filter((each) => each !== image));
    }
    this.#stopPulling(image);
  }

  /** How far it is; `undefined`: nobody has asked for it. */
  async standing(image: ImageDigest): Promise<ImageStanding | undefined> {
    const { memory, files } = this.#ports;
    const isHere = (await files.readManifest(image)) !== undefined;
    if (!isHere && !(await memory.wanted()).includes(image)) return undefined;
    return this.#standingOf(image, isHere && !this.#toVerify.has(image));
  }

  /** It comes no more, and goes. @throws BrambleError `failed-precondition` when something was made of it */
  async forget(image: ImageDigest): Promise<void> {
    const { memory, files } = this.#ports;
    if ((await files.readManifest(image)) !== undefined) await files.remove(image);
    await memory.setWanted((await memory.wanted()).filter((each) => each !== image));
    this.#stopPulling(image);
  }

  #stopPulling(image: ImageDigest): void {
    this.#troubles.delete(image);
    this.#toVerify.delete(image);
    if (this.#running?.image === image) this.#running.stop.abort();
    this.#toldMs = -Infinity;
  }

  async list(): Promise<readonly HeldImage[]> {
    const held = await Promise.all((await this.#ports.files.list()).map((image) => this.find(image)));
    return held.filter((each) => each !== undefined);
  }

  async find(image: ImageDigest): Promise<HeldImage | undefined> {
    const { files, trust, sha256 } = this.#ports;
    const bytes = await files.readManifest(image);
    if (bytes === undefined) return undefined;
    if (sha256(bytes) !== image) throw new BrambleError('data-loss', `the manifest of image ${image} is damaged`);
    const holders = await files.holders(image);
    try {
      const manifest = await trust.checkSigned(bytes, await files.readSignatures(image));
      return { digest: image, manifest, holders, verdict: await trust.verdict(image, manifest) };
    } catch (thrown) {
      const { code, details, message } = BrambleError.from(thrown);
      if (code !== 'failed-precondition') throw thrown;
      const manifest = parseManifest(new TextDecoder().decode(bytes));
      const reason = details?.['reason'] === 'revoked-key' ? 'revoked-key' : 'untrusted-key';
      return { digest: image, manifest, holders, verdict: { kind: 'unusable', reason, detail: message } };
    }
  }

  async hold(image: ImageDigest, holder: Holder): Promise<void> {
    await this.#ports.files.hold(image, holder);
  }

  async release(image: ImageDigest, holder: Holder): Promise<void> {
    await this.#ports.files.release(image, holder);
  }

  async look(_: unknown, signal: AbortSignal): Promise<void> {
    const { clock, memory, files } = this.#ports;
    for (const image of await memory.wanted()) {
      const isHere = (await files.readManifest(image)) !== undefined;
      if (isHere && !this.#toVerify.has(image)) continue;
      if (clock.monotonicMs() >= (this.#troubles.get(image)?.nextTryMs ?? 0)) await this.#pull(image, signal);
    }
    const nowMs = clock.monotonicMs();
    if (nowMs - this.#refreshedMs >= REFRESH_EVERY_MS) await this.#refreshAll(signal);
    if (nowMs - this.#sweptMs >= SWEEP_EVERY_MS) {
      await files.sweep(clock.nowMs() - UNUSED_KEPT_MS);
      this.#sweptMs = nowMs;
    }
    if (nowMs - this.#toldMs >= TELL_EVERY_MS) await this.#tell(signal);
  }

  async #pull(image: ImageDigest, signal: AbortSignal): Promise<void> {
    const stop = new AbortController();
    const running = { image, stop, progress: { doneBytes: 0, totalBytes: 0 } };
    this.#running = running;
    const either = AbortSignal.any([signal, stop.signal]);
    const onProgress = (progress: PullProgress): void => {
      running.progress = progress;
      if (this.#ports.clock.monotonicMs() - this.#toldMs >= TELL_PROGRESS_EVERY_MS) this.#tellSoon(either);
    };
    try {
      const verify = this.#toVerify.has(image);
      await pullImage(image, { reach: this.#ports.reach(), verify, signal: either, onProgress }, this.#ports);
      this.#troubles.delete(image);
      this.#toVerify.delete(image);
    } catch (thrown) {
      if (!either.aborted) this.#note(image, running.progress, BrambleError.from(thrown));
    } finally {
      this.#running = undefined;
      this.#toldMs = -Infinity; // how it ended is told at once
    }
  }

  #note(image: ImageDigest, progress: PullProgress, error: BrambleError): void {
    const isFinal = FINAL.has(error.code);
    const failuresCount = (this.#troubles.get(image)?.failuresCount ?? 0) + 1;
    const pauseMs = Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** (failuresCount - 1));
    this.#troubles.set(image, {
      failuresCount,
      standing: { image, progress: isFinal ? 'refused' : 'failed', ...progress, detail: error.message },
      nextTryMs: isFinal ? Infinity : this.#ports.clock.monotonicMs() + pauseMs,
    });
  }

  async #refreshAll(signal: AbortSignal): Promise<void> {
    for (const image of await this.#ports.files.list()) {
      await refreshImage(image, { reach: this.#ports.reach(), signal }, this.#ports).catch((thrown: unknown) => {
        // An image that the controller no longer has, or that is no longer trusted, keeps the word that it has.
        if (BrambleError.from(thrown).retryable) throw thrown;
      });
    }
    this.#refreshedMs = this.#ports.clock.monotonicMs();
  }

  /** Not waited for: the pull goes on meanwhile. What is lost is told again. */
  #tellSoon(signal: AbortSignal): void {
    this.#tell(signal).catch(() => undefined);
  }

  async #tell(signal: AbortSignal): Promise<void> {
    this.#toldMs = this.#ports.clock.monotonicMs();
    const standings: ImageStanding[] = [];
    const here = new Set(await this.#ports.files.list());
    for (const image of new Set([...here, ...(await this.#ports.memory.wanted())])) {
      standings.push(this.#standingOf(image, here.has(image) && !this.#toVerify.has(image)));
    }
    try {
      await this.#ports.link.tell(this.#ports.reach(), standings, signal);
    } catch (thrown) {
      // A controller that takes no such word will not take it in ten seconds either.
      if (!FINAL.has(BrambleError.from(thrown).code)) {
        this.#toldMs = this.#ports.clock.monotonicMs() - TELL_EVERY_MS + RETRY_FIRST_MS;
      }
      throw thrown;
    }
  }

  /** One that is being verified may turn out to be damaged: it is not held until it is read. */
  #standingOf(image: ImageDigest, isHeld: boolean): ImageStanding {
    if (isHeld) return { image, progress: 'held', doneBytes: 0, totalBytes: 0, detail: '' };
    const { doneBytes, totalBytes } = this.#running?.image === image ? this.#running.progress : NOTHING_DONE;
    return this.#troubles.get(image)?.standing ?? { image, progress: 'pulling', doneBytes, totalBytes, detail: '' };
  }
}
