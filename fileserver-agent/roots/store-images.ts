import { parseIdentity } from '../../agent/kit/enroll/identity-file.js';
import type { Files, HostClock, Keys } from '../../agent/kit/host/ports.js';
import type { TreeWriters } from '../../agent/kit/host/tree-writer.js';
import { BOOT_TREE, ROOT_TREE } from '../../agent/kit/roots/layout.js';
import type { ImageSource, PoolFiles } from '../../agent/kit/roots/ports.js';
import type { ImageFiles } from '../../proto/chunks/image-files.js';
import { BrambleError } from '../../proto/contract/errors.js';
import { digest, digestOf } from '../../proto/contract/images/digest.js';
import type { SignatureCheck } from '../../proto/contract/images/minisign.js';
import type { Progress } from '../../proto/contract/progress.js';
import { materialise } from '../images/materialise.js';
import type { MaterialisePorts } from '../images/materialise-options.js';
import { parseImagePolicy } from '../images/policy.js';
import { SiteTrust } from '../images/site-trust.js';
import { ImageMemory } from '../images/small-memory.js';

export interface StoreImagesParts {
  /** State of the agent: its word is not taken for what an image is, or whose. */
  readonly stateDir: string;
  /** Of root's own files; the floors that were seen are kept there. */
  readonly pool: string;
  readonly images: ImageFiles;
  readonly files: Pick<Files, 'readText' | 'writeAtomic'>;
  readonly poolFiles: Pick<PoolFiles, 'makeFolder'>;
  readonly keys: Pick<Keys, 'sha256' | 'verifyEd25519'>;
  readonly check: SignatureCheck;
  readonly trees: TreeWriters;
  readonly clock: HostClock;
  /** Content of root's list of trusted keys. @throws BrambleError `failed-precondition` when there is none */
  readonly readPolicy: () => Promise<string>;
}

/** Names of images are the digests of their manifests. */
const DIGEST = /^[0-9a-f]{64}$/;

/**
 * Images as the agent pulled them. Signatures, floors and expiry are judged here once more, with root's rights and by root's
 * own list: an agent that was taken over can withhold an image, not make one up, nor bring an old one back.
 */
export function makeStoreImages(parts: StoreImagesParts): ImageSource {
  const { images, files, poolFiles, keys, trees, clock, pool } = parts;
  return {
    has: async (image) => DIGEST.test(image) && (await images.readManifest(digest(image))) !== undefined,
    materialise: async (image, target, signal, tell) => {
      if (!DIGEST.test(image)) throw absent(image);
      const given = digest(image);
      const manifest = await images.readManifest(given);
      if (manifest === undefined) throw absent(image);
      const trust = await trustOf(parts);
      const { imageClass, floor, root, boot } = await trust.judge(given, manifest, await images.readSignatures(given));
      const ports: MaterialisePorts = {
        trees,
        clock,
        sha256: (bytes) => digestOf(keys.sha256(bytes)),
        source: {
          readManifest: (of) => images.readManifest(of),
          readSignatures: (of) => images.readSignatures(of),
          readChunk: (of) => Promise.resolve(images.chunks.read(of)),
        },
        trust,
      };
      const totalBytes = root.contentBytes + (boot?.contentBytes ?? 0);
      let beforeBytes = 0;
      for (const part of [BOOT_TREE, ROOT_TREE] as const) {
        const targetDir = `${target}/${part}`;
        await poolFiles.makeFolder(targetDir);
        const onProgress = (progress: Progress): void => {
          const doneBytes = beforeBytes + progress.doneBytes;
          tell({
            percent: Math.min(99, Math.floor((100 * doneBytes) / Math.max(1, totalBytes))),
            doneBytes,
            totalBytes,
          });
        };
        const { contentBytes } = await materialise(given, { part, targetDir, signal, onProgress }, ports);
        beforeBytes += contentBytes;
      }
      await new ImageMemory(files, pool).raiseFloor(imageClass, floor);
    },
  };
}

async function trustOf({ stateDir, pool, images, files, keys, check, clock, readPolicy }: StoreImagesParts) {
  const identity = await files.readText(`${stateDir}/identity.json`);
  const commandKeys = identity === undefined ? [] : parseIdentity(identity).commandKeys;
  const [own, agents] = [new ImageMemory(files, pool), new ImageMemory(files, `${stateDir}/images`)];
  return new SiteTrust({
    check,
    readPolicy: async () => parseImagePolicy(await readPolicy()),
    readFreshness: (image) => images.readFreshness(image),
    readFloor: async (imageClass) => Math.max(await own.floor(imageClass), await agents.floor(imageClass)),
    commandKeys: () => commandKeys,
    verifyEd25519: (spkiDer, message, signature) => keys.verifyEd25519(spkiDer, message, signature),
    nowMs: () => clock.nowMs(),
  });
}

function absent(image: string): BrambleError {
  return new BrambleError('not-found', `there is no image ${image.slice(0, 12)} on this fileserver`, {
    hint: 'bramble image pull IMAGE brings it here',
  });
}
