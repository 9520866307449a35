import { BrambleError } from '../../../proto/contract/errors.js';
import type { CommandKey } from '../../../proto/gen/bramble/agent/v1/enrollment.js';
import type { KeyPair } from '../host/ports.js';
import type { Identity } from './identity.js';

/** How identities and keys look on storage: JSON, checked by hand, because a schema library costs an agent megabytes. */

const VERSION = 1;

export function renderIdentity(identity: Identity): string {
  const commandKeys = identity.commandKeys.map(({ keyId, spkiDer }) => ({ keyId, spkiDer: base64(spkiDer) }));
  return `${JSON.stringify({ version: VERSION, ...identity, commandKeys }, undefined, 2)}\n`;
}

/** @throws BrambleError `data-loss`: a damaged identity is never taken for none, which would make this node a new one */
export function parseIdentity(text: string): Identity {
  const fields = new Fields(text);
  if (fields.number('version') !== VERSION) throw damaged('version');
  const endpoints = fields.list('endpoints').filter((each) => typeof each === 'string');
  if (endpoints.length === 0) throw damaged('endpoints');
  return {
    nodeId: fields.text('nodeId'),
    privateKeyPem: fields.text('privateKeyPem'),
    certificateChainPem: fields.text('certificateChainPem'),
    trustRootsPem: fields.text('trustRootsPem'),
    commandKeys: fields.list('commandKeys').map(parseCommandKey),
    endpoints,
    renewalCounter: fields.number('renewalCounter'),
    renewAfterMs: fields.number('renewAfterMs'),
    renewAtMs: fields.number('renewAtMs'),
  };
}

export function renderKeyPair({ privateKeyPem, spkiDer }: KeyPair): string {
  return `${JSON.stringify({ privateKeyPem, spkiDer: base64(spkiDer) })}\n`;
}

/** @throws BrambleError `data-loss` */
export function parseKeyPair(text: string): KeyPair {
  const fields = new Fields(text);
  return {
    privateKeyPem: fields.text('privateKeyPem'),
    spkiDer: Uint8Array.from(Buffer.from(fields.text('spkiDer'), 'base64')),
  };
}

function parseCommandKey(value: unknown): CommandKey {
  if (typeof value === 'object' && value !== null && 'keyId' in value && 'spkiDer' in value) {
    const { keyId, spkiDer } = value;
    if (typeof keyId === 'string' && typeof spkiDer === 'string') {
      return { keyId, spkiDer: Buffer.from(spkiDer, 'base64') };
    }
  }
  throw damaged('commandKeys');
}

/** The fields of one JSON object. Everything throws BrambleError `data-loss`. */
class Fields {
  readonly #fields: Readonly<Record<string, unknown>>;

  constructor(text: string) {
    this.#fields = parseObject(text);
  }

  text(name: string): string {
    const value = this.#fields[name];
    if (typeof value === 'string' && value !== '') return value;
    throw damaged(name);
  }

  number(name: string): number {
    const value = this.#fields[name];
    if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
    throw damaged(name);
  }

  list(name: string): readonly unknown[] {
    const value = this.#fields[name];
    if (Array.isArray(value)) return value;
    throw damaged(name);
  }
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return { ...value };
  } catch (cause) {
    throw damaged('the file', cause);
  }
  throw damaged('the file');
}

function damaged(what: string, cause?: unknown): BrambleError {
  return new BrambleError('data-loss', `the stored identity is damaged: ${what} cannot be read`, {
    cause,
    hint: 'restore the state directory, or empty it and enrol this node again as a new one',
  });
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
