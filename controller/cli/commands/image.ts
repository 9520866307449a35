import type { Command } from 'commander';
import type { ImageView } from '../../../proto/contract/api/images.js';
import { BrambleError } from '../../../proto/contract/errors.js';
import { checkImageWords } from '../../../proto/contract/images/manifest-text.js';
import { visible } from '../../../proto/contract/visible.js';
import { renderBytes } from '../../../proto/contract/words.js';
import type { CliContext } from '../context.js';
import { print } from '../context.js';
import { type DryRunOption, foretell, withDryRun } from '../dry-run.js';
import { EXIT } from '../errors.js';
import { makeSigningKey, readSigningKey } from '../images/keys.js';
import { type ByteProgress, type LocalImage, LocalImages, pickImage } from '../images/local-store.js';
import { withImageSource } from '../images/sources.js';
import { type Listing, renderData } from '../output.js';
import { Progress } from '../progress.js';
import { registerImagePull } from './image-pull.js';
import { DEFAULT_REASON, durationMs, type Register, type RunCommand, wholeNumber } from './register.js';

const STORE = './bramble-images';
const YEAR = '365d';
const SHORT = 12;

export const registerImage: Register = (program, run) => {
  const image = program
    .command('image')
    .description('Images that boards boot from: import, sign, push to the controller, pull to sites');
  registerImport(image, run);
  registerKey(image, run);
  registerSign(image, run);
  registerList(image, run);
  registerPush(image, run);
  registerRemove(image, run);
  registerImagePull(image, run);
};

interface ImportOptions {
  readonly class: string;
  readonly release: number;
  readonly floor?: number;
  readonly name?: string;
  readonly expires: string;
  readonly boot?: string;
  readonly allowKey: readonly string[];
  readonly store: string;
}

function registerImport(image: Command, run: RunCommand): void {
  const collect = (path: string, before: readonly string[]): readonly string[] => [...before, path];
  image
    .command('import')
    .description('Make an image of a folder, a tar archive of a root, or a Raspberry Pi OS disk image; works offline')
    .argument('<source>', 'packed by gzip, xz or zstd or not')
    .requiredOption('--class <class>', 'what it may be used for, such as pi-root')
    .requiredOption('--release <number>', 'its version, a whole number that grows within its class', wholeNumber)
    .option('--floor <number>', 'lowest version of its class that may be used from now on', wholeNumber)
    .option('--name <name>', 'for people; the class and the version when absent')
    .option('--expires <duration>', 'how long something new may be made of it', YEAR)
    .option('--boot <folder>', 'boot files; those in boot/firmware or boot of the root when absent')
    .option('--allow-key <path>', 'a file that looks like a private key and is known not to be secret', collect, [])
    .option('--store <folder>', 'images on this machine', STORE)
    .action((source: string, options: ImportOptions) => run((context) => importImage(context, source, options)));
}

async function importImage(context: CliContext, source: string, options: ImportOptions): Promise<number> {
  const { class: imageClass, release: version, floor = 0, name = `${imageClass}-${version}` } = options;
  checkImageWords({ name, imageClass });
  if (version < 1 || floor > version) {
    throw new BrambleError('invalid-argument', 'a version is 1 or more, and not below its own floor');
  }
  const createdAtMs = context.nowMs();
  const words = {
    name,
    imageClass,
    version,
    floor,
    createdAtMs,
    expiresAtMs: createdAtMs + durationMs(options.expires),
  };
  const progress = new Progress(context.host);
  try {
    const made = await withImageSource(source, options.boot, async (trees) => {
      const leftOut = [...trees.root.leftOut, ...(trees.boot?.leftOut ?? [])];
      const onProgress = sayBytes(progress, 'reading');
      const imported = await new LocalImages(options.store).import(trees, words, {
        keysAllowed: options.allowKey,
        onProgress,
      });
      return { imported, leftOut };
    });
    progress.end();
    tellImage(context, made.imported, `Sign it: bramble image sign ${made.imported.image.slice(0, SHORT)} --key FILE`);
    if (made.leftOut.length > 0) context.host.err(`left out: ${visible(made.leftOut.slice(0, 20).join(', '), 500)}\n`);
    return EXIT.ok;
  } finally {
    progress.end();
  }
}

function registerKey(image: Command, run: RunCommand): void {
  image
    .command('key')
    .description('Make a key that signs images; works offline. minisign -G makes one with a password')
    .argument('<file>', 'the secret half; the public half gets .pub behind its name')
    .action((file: string) =>
      run(async ({ host, out }) => {
        const key = makeSigningKey();
        await host.save(file, Buffer.from(key.secret));
        await host.save(`${file}.pub`, Buffer.from(key.public));
        out(`Key ${key.keyId}. Keep ${visible(file)} offline; give sites what is in ${visible(file)}.pub\n`);
        return EXIT.ok;
      }),
    );
}

interface SignOptions {
  readonly key: string;
  readonly store: string;
}

function registerSign(image: Command, run: RunCommand): void {
  image
    .command('sign')
    .description('Sign an image on this machine; works offline. Several keys may sign one image')
    .argument('<image>', 'its name, or the first digits of its digest')
    .requiredOption('--key <file>', 'a secret key of minisign; its password is asked for')
    .option('--store <folder>', 'images on this machine', STORE)
    .action((named: string, { key: keyFile, store }: SignOptions) =>
      run(async (context) => {
        const { host, signal } = context;
        const key = await readSigningKey(keyFile, () => host.askSecret('Password of the key: ', signal));
        const signed = await new LocalImages(store).sign(named, key);
        tellImage(context, signed, `Signed by ${key.keyId}. Next: bramble image push ${signed.image.slice(0, SHORT)}`);
        return EXIT.ok;
      }),
    );
}

const IMAGES: Listing<ImageView> = {
  name: ({ image }) => `image/${image}`,
  empty: 'The controller has no images; bramble image import makes one.',
  columns: [
    { title: 'IMAGE', text: ({ image }) => image.slice(0, SHORT) },
    { title: 'NAME', text: ({ name }) => name },
    { title: 'CLASS', text: ({ imageClass }) => imageClass },
    { title: 'VERSION', text: ({ version }) => String(version) },
    { title: 'FLOOR', text: ({ floor }) => String(floor), wide: true },
    { title: 'SIZE', text: ({ root, boot }) => renderBytes(root.contentBytes + (boot?.contentBytes ?? 0)) },
    { title: 'SIGNED BY', text: ({ signedBy }) => signedBy.join(', ') },
    { title: 'HELD AT', text: ({ heldAt }) => heldAt.join(', ') },
  ],
};

function registerList(image: Command, run: RunCommand): void {
  image
    .command('list')
    .description('Images on the controller, and which sites have them')
    .action(() =>
      run(async (context) => {
        const images = await context.api.images.list();
        print(context, IMAGES, images, { images });
        return EXIT.ok;
      }),
    );
}

interface PushOptions extends DryRunOption {
  readonly store: string;
  readonly reason: string;
}

function registerPush(image: Command, run: RunCommand): void {
  withDryRun(image.command('push'))
    .description('Send a signed image to the controller: what it has already is not sent again')
    .argument('<image>', 'its name, or the first digits of its digest')
    .option('--store <folder>', 'images on this machine', STORE)
    .option('--reason <text>', 'kept in the audit log', DEFAULT_REASON)
    .action((named: string, { store, reason, dryRun }: PushOptions) =>
      run(async (context) => {
        const local = new LocalImages(store);
        const found = await local.find(named);
        if (dryRun === true) {
          return foretell(context, 'images.manage', `send image ${found.image.slice(0, SHORT)} to the controller`);
        }
        const progress = new Progress(context.host);
        try {
          const onProgress = sayBytes(progress, 'sending');
          const { sentBytes } = await local.push(found, context.api.images, { reason, onProgress });
          progress.end();
          tellImage(
            context,
            found,
            `${renderBytes(sentBytes)} sent. Next: bramble image pull ${found.image.slice(0, SHORT)} --site SITE`,
          );
        } finally {
          progress.end();
        }
        return EXIT.ok;
      }),
    );
}

function registerRemove(image: Command, run: RunCommand): void {
  withDryRun(image.command('rm'))
    .description('Take an image away from the controller; sites that have it keep it for a week at most')
    .argument('<image>', 'its name, or the first digits of its digest')
    .option('--reason <text>', 'kept in the audit log', DEFAULT_REASON)
    .action((named: string, { reason, dryRun }: DryRunOption & { readonly reason: string }) =>
      run(async (context) => {
        const { image: digest } = pickImage(await context.api.images.list(), named, 'on the controller');
        if (dryRun === true) {
          return foretell(context, 'images.manage', `take image ${digest.slice(0, SHORT)} away from the controller`);
        }
        const { name } = await context.api.images.remove(digest, reason);
        context.out(`${visible(name)} (${digest.slice(0, SHORT)}) is gone.\n`);
        return EXIT.ok;
      }),
    );
}

function sayBytes(progress: Progress, doing: string): (bytes: ByteProgress) => void {
  let saidPercent = -1;
  return ({ doneBytes, totalBytes }) => {
    const percent = totalBytes === 0 ? 100 : Math.floor((doneBytes / totalBytes) * 100);
    if (percent === saidPercent) return;
    saidPercent = percent;
    progress.say(`${doing}: ${percent} %, ${renderBytes(doneBytes)} of ${renderBytes(totalBytes)}`);
  };
}

function tellImage({ screen, out }: CliContext, { image, manifest }: LocalImage, next: string): void {
  const { format } = screen;
  if (format === 'json' || format === 'yaml') {
    out(`${renderData({ image, ...manifest, index: undefined }, format)}\n`);
    return;
  }
  const { name, imageClass, version, root, boot } = manifest;
  const size = renderBytes(root.contentBytes + (boot?.contentBytes ?? 0));
  const parts = boot === undefined ? 'no boot files' : `${boot.entriesCount - 1} boot files`;
  out(`${image}\n${name}: ${imageClass} version ${version}, ${root.entriesCount} names, ${size}, ${parts}. ${next}\n`);
}
