import { BrambleError } from '../errors.js';
import { CHUNK_BYTES_MAX } from './chunker.js';
import { digest } from './digest.js';
import type { Chunk, ImageManifest, PartSize } from './manifest.js';

const FORMAT = 'bramble-image-1';
export const MANIFEST_BYTES_MAX = 128 * 1024;
const NAME = /^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$/;
const CLASS = /^[a-z][a-z0-9-]{0,31}$/;
const INDEX_PIECES_MAX = 1_024;

/** The bytes that are signed, as text: JSON with one order of its fields and no spaces. */
export function renderManifest(manifest: ImageManifest): string {
  const { name, imageClass, version, floor, createdAtMs, expiresAtMs, root, boot, index } = manifest;
  const size = (part: PartSize): PartSize => ({
    entriesCount: part.entriesCount,
    catalogueBytes: part.catalogueBytes,
    contentBytes: part.contentBytes,
    catalogueChunks: part.catalogueChunks,
    contentChunks: part.contentChunks,
  });
  const fields = {
    ...{ format: FORMAT, name, class: imageClass, version, floor, createdAtMs, expiresAtMs },
    root: size(root),
    boot: boot === undefined ? null : size(boot),
    index: index.map(({ digest: of, sizeBytes }) => [of, sizeBytes] as const),
  };
  return `${JSON.stringify(fields)}\n`;
}

/** @throws BrambleError `data-loss` for anything that renderManifest() would not have written, `unsupported` for a newer format */
export function parseManifest(text: string): ImageManifest {
  const manifest = readManifest(text);
  if (renderManifest(manifest) !== text) throw damaged('it is written in another way than manifests are');
  return manifest;
}

function readManifest(text: string): ImageManifest {
  if (text.length > MANIFEST_BYTES_MAX) throw damaged('it is too long');
  const fields = fieldsOf(parseJson(text), 'it');
  if (fields['format'] !== FORMAT) {
    throw new BrambleError('unsupported', 'an image of a format that this version does not know');
  }
  const manifest: ImageManifest = {
    name: word(fields['name'], NAME, 'its name'),
    imageClass: word(fields['class'], CLASS, 'its class'),
    version: count(fields['version'], 'its version'),
    floor: count(fields['floor'], 'its floor'),
    createdAtMs: count(fields['createdAtMs'], 'when it was made'),
    expiresAtMs: count(fields['expiresAtMs'], 'when it expires'),
    root: partSize(fields['root']),
    boot: fields['boot'] === null ? undefined : partSize(fields['boot']),
    index: pieces(fields['index']),
  };
  if (manifest.version < 1 || manifest.floor > manifest.version) throw damaged('its version is below its own floor');
  return manifest;
}

/** @throws BrambleError `invalid-argument` for what people may have typed */
export function checkImageWords({ name, imageClass }: { readonly name: string; readonly imageClass: string }): void {
  if (!NAME.test(name)) {
    throw new BrambleError(
      'invalid-argument',
      'an image’s name has 1 to 64 letters, digits, dots, dashes, plusses or underscores',
    );
  }
  if (!CLASS.test(imageClass)) {
    throw new BrambleError(
      'invalid-argument',
      'an image’s class is a lower-case letter, then at most 31 letters, digits or dashes',
    );
  }
}

function partSize(value: unknown): PartSize {
  const fields = fieldsOf(value, 'a part of it');
  return {
    entriesCount: count(fields['entriesCount'], 'a count'),
    catalogueBytes: count(fields['catalogueBytes'], 'a size'),
    contentBytes: count(fields['contentBytes'], 'a size'),
    catalogueChunks: count(fields['catalogueChunks'], 'a count'),
    contentChunks: count(fields['contentChunks'], 'a count'),
  };
}

function pieces(value: unknown): readonly Chunk[] {
  if (!Array.isArray(value) || value.length > INDEX_PIECES_MAX) throw damaged('its list of chunks is none');
  return value.map((piece: unknown) => {
    if (!Array.isArray(piece) || piece.length !== 2) throw damaged('its list of chunks is none');
    const [of, sizeBytes] = piece.map((part: unknown) => part);
    const size = count(sizeBytes, 'a size');
    if (typeof of !== 'string' || !/^[0-9a-f]{64}$/.test(of) || size < 1 || size > CHUNK_BYTES_MAX) {
      throw damaged('its list of chunks is none');
    }
    return { digest: digest(of), sizeBytes: size };
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (thrown) {
    throw new BrambleError('data-loss', 'an image’s manifest is damaged', { cause: thrown });
  }
}

function fieldsOf(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw damaged(`${what} has no fields`);
  return { ...value };
}

function word(value: unknown, form: RegExp, what: string): string {
  if (typeof value !== 'string' || !form.test(value)) throw damaged(`${what} is none`);
  return value;
}

function count(value: unknown, what: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw damaged(`${what} is no count`);
  return value;
}

function damaged(why: string): BrambleError {
  return new BrambleError('data-loss', `an image’s manifest is damaged: ${why}`);
}
