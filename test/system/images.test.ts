import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeNodeClock } from '../../agent/kit/host/node/clock.js';
import { makeNodeSignatureCheck } from '../../agent/kit/host/node/image-crypto.js';
import { makeNodeKeys } from '../../agent/kit/host/node/keys.js';
import { makeNodeTreeWriters } from '../../agent/kit/host/node/tree-writer.js';
import { materialise } from '../../fileserver-agent/images/materialise.js';
import { parseImagePolicy } from '../../fileserver-agent/images/policy.js';
import { SiteTrust } from '../../fileserver-agent/images/site-trust.js';
import { sha256 } from '../../proto/chunks/chunk-files.js';
import { ImageFiles } from '../../proto/chunks/image-files.js';
import { digest } from '../../proto/contract/images/digest.js';
import { ImageSite } from './image-site.js';

/** The built programs, from a key to a root: an image is made and signed, pushed, pulled by a fileserver, and written into a folder. */

let site: ImageSite;
let dir = '';

beforeAll(() => {
  site = new ImageSite();
  dir = site.dir;
});
afterAll(async () => {
  await site.close();
});

const at = (name: string): string => site.at(name);

/** Ten megabytes that do not shrink, in many files; `changed` of a hundred of them are others than before. */
function writeTree(top: string, changed: number): void {
  for (let folder = 0; folder < 10; folder++) {
    mkdirSync(path.join(top, `usr/${folder}`), { recursive: true });
    for (let file = 0; file < 10; file++) {
      const number = folder * 10 + file;
      writeFileSync(path.join(top, `usr/${folder}/${file}`), noise(100_000, number + (number < changed ? 1_000 : 0)));
    }
  }
  mkdirSync(path.join(top, 'boot/firmware'), { recursive: true });
  writeFileSync(path.join(top, 'boot/firmware/config.txt'), 'arm_64bit=1\n');
}

function noise(sizeBytes: number, seed: number): Buffer {
  const bytes = Buffer.alloc(sizeBytes);
  let state = (seed + 1) * 0x9e37_79b9;
  for (let offset = 0; offset + 4 <= sizeBytes; offset += 4) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes.writeInt32LE(state | 0, offset);
  }
  return bytes;
}

interface Place {
  readonly progress: string;
  readonly uplinkBytes: number;
  readonly detail: string;
}
const placesOf = (out: string): readonly Place[] =>
  (JSON.parse(out.slice(out.lastIndexOf('\n{') + 1)) as { places: Place[] }).places;

test.runIf(process.getuid?.() === 0)(
  'an image goes from its maker’s desk into a root, and a second one moves what has changed',
  { timeout: 300_000 },
  async () => {
    await site.ok('image', 'key', 'key');
    await site.ok('image', 'key', 'stranger');
    writeTree(at('one'), 0);
    const first = await site.imported('one', 1);

    // T-47: what is not signed as it should be is not pushed, or not pulled; each with its own word.
    expect(await site.run('image', 'push', first)).toMatchObject({
      status: 5,
      err: expect.stringContaining('no signature'),
    });
    await site.start({ BRAMBLE_IMAGE_POLICY: at('policy.json') });
    const trusted = readFileSync(at('key.pub'), 'utf8');
    writeFileSync(at('policy.json'), JSON.stringify({ trustedKeys: [trusted] }));
    await site.ok('image', 'sign', first, '--key', 'stranger');
    await site.ok('image', 'push', first);
    const refused = await site.run('image', 'pull', first, '--site', 'barn', '-o', 'json');
    expect(refused.status).not.toBe(0);
    expect(placesOf(refused.out)).toMatchObject([
      { progress: 'refused', detail: expect.stringContaining('no key that is trusted here') },
    ]);
    expect(readFileSync(at('agent/images/wanted.json'), 'utf8')).toContain(first);

    // Signed by whom the site trusts: it comes, and its bytes are charged to the site.
    await site.ok('image', 'sign', first, '--key', 'key');
    if (existsSync('/usr/bin/minisign')) {
      const store = path.join(dir, 'bramble-images/images', first);
      const signatures = readFileSync(path.join(store, 'signatures'), 'utf8').split(/^(?=untrusted comment: )/m);
      writeFileSync(at('own.minisig'), signatures.at(-1) ?? '');
      execFileSync('minisign', [
        '-V',
        '-p',
        at('key.pub'),
        '-m',
        path.join(store, 'manifest'),
        '-x',
        at('own.minisig'),
      ]);
    }
    await site.ok('image', 'push', first);
    const [held] = placesOf(await site.ok('image', 'pull', first, '--site', 'barn', '-o', 'json'));
    expect(held).toMatchObject({ progress: 'held' });
    expect(held?.uplinkBytes).toBeLessThan(10_000_000 * 1.1);

    // A second version, of which a tenth is other: a tenth of the bytes, and a little.
    writeTree(at('two'), 10);
    const second = await site.imported('two', 2, '--floor', '2');
    await site.ok('image', 'sign', second, '--key', 'key');
    await site.ok('image', 'push', second);
    const [next] = placesOf(await site.ok('image', 'pull', second, '--site', 'barn', '-o', 'json'));
    expect(next?.uplinkBytes).toBeGreaterThan(900_000);
    expect(next?.uplinkBytes).toBeLessThan(10_000_000 * 0.13);

    // Both parts of it, written into empty folders as they were.
    const files = new ImageFiles(at('agent/images'));
    const ports = {
      source: {
        readManifest: (image: typeof given) => files.readManifest(image),
        readSignatures: (image: typeof given) => files.readSignatures(image),
        readChunk: async (of: typeof given) => files.chunks.read(of),
      },
      trees: makeNodeTreeWriters(),
      clock: makeNodeClock(),
      sha256,
      trust: trustIn(files),
    };
    const given = digest(second);
    const { signal } = new AbortController();
    for (const part of ['root', 'boot'] as const) {
      mkdirSync(at(`out-${part}`));
      await materialise(given, { part, targetDir: at(`out-${part}`), signal }, ports);
    }
    execFileSync('diff', ['-r', at('two'), at('out-root')]);
    execFileSync('diff', ['-r', at('two/boot/firmware'), at('out-boot')]);

    // The first is now below the floor of its class: nothing new is made of it.
    await expect(
      materialise(digest(first), { part: 'root', targetDir: at('out-old'), signal }, ports),
    ).rejects.toMatchObject({
      details: { reason: 'below-floor' },
    });

    // A chunk that rots is found out, and fetched anew.
    const [name] = execFileSync('find', [at('agent/images/chunks'), '-type', 'f', '-size', '+50k'], {
      encoding: 'utf8',
    }).split('\n');
    const whole = readFileSync(name ?? '');
    writeFileSync(name ?? '', Buffer.alloc(whole.length));
    await site.ok('image', 'pull', second, '--site', 'barn');
    expect(readFileSync(name ?? '').equals(whole)).toBe(true);

    // And goes again, from the site and from the controller.
    await site.ok('image', 'pull', second, '--site', 'barn', '--forget');
    expect(existsSync(at(`agent/images/images/${second}`))).toBe(false);
    await site.ok('image', 'rm', second);
    expect(await site.ok('image', 'list')).not.toContain(second.slice(0, 12));
  },
);

/** As the agent has it, but for the controller's word: its keys are the agent's own business. */
function trustIn(files: ImageFiles): SiteTrust {
  const floors = JSON.parse(readFileSync(at('agent/images/floors.json'), 'utf8')) as Record<string, number>;
  const { commandKeys } = JSON.parse(readFileSync(at('agent/identity.json'), 'utf8')) as {
    commandKeys: { keyId: string; spkiDer: string }[];
  };
  const { verifyEd25519 } = makeNodeKeys();
  return new SiteTrust({
    check: makeNodeSignatureCheck(),
    readPolicy: async () => parseImagePolicy(readFileSync(at('policy.json'), 'utf8')),
    readFreshness: (image) => files.readFreshness(image),
    readFloor: async (imageClass) => floors[imageClass] ?? 0,
    commandKeys: () => commandKeys.map(({ keyId, spkiDer }) => ({ keyId, spkiDer: Buffer.from(spkiDer, 'base64') })),
    verifyEd25519,
    nowMs: () => makeNodeClock().nowMs(),
  });
}
