import { BrambleError, type ErrorCode } from '../../../proto/contract/errors.js';
import type { Progress } from '../../../proto/contract/progress.js';
import type { MountAccess } from '../host/ports.js';
import { parseTunnelOrder, type TunnelOrder } from '../tunnel/order.js';
import {
  CONFIG_FIELDS,
  CONFIG_LINE_LIMIT_BYTES,
  type ConfigRequest,
  isConfigVerb,
  parseConfigRequest,
} from './config-verbs.js';
import { RequestFields, refused } from './request-fields.js';

/**
 * Between the agent and its privileged helper: one JSON line each way over a Unix socket, then the connection ends. Lines of
 * progress may come before the answer.
 * The verbs are a closed set; there is no way to name a program or an option, a device only by its name,
 * and a path only as a mount point on root's list.
 */
export type HelperRequest =
  | { readonly verb: 'restart-unit'; readonly unit: string }
  | { readonly verb: 'reboot' }
  | { readonly verb: 'remount'; readonly mountPoint: string; readonly access: MountAccess }
  | { readonly verb: 'step-clock' }
  /** Answered when it is over; ends early when the caller goes away. */
  | { readonly verb: 'identify'; readonly forMs: number }
  /** Gives back an LED that a killed request left blinking; every request does, this one does nothing else. */
  | { readonly verb: 'identify-end' }
  | { readonly verb: 'journal'; readonly unit: string; readonly lines: number }
  | { readonly verb: 'kernel-log'; readonly lines: number }
  | { readonly verb: 'smart'; readonly disk: string }
  | { readonly verb: 'thin-pools' }
  | { readonly verb: 'raid-member'; readonly member: string }
  | { readonly verb: 'raid-add'; readonly array: string; readonly member: string }
  | { readonly verb: 'raid-remove'; readonly array: string; readonly member: string }
  | { readonly verb: 'raid-replace'; readonly array: string; readonly member: string; readonly by: string }
  | { readonly verb: 'raid-sync'; readonly array: string; readonly action: 'check' | 'idle' }
  /** An order of the agent's own kind, as it reads it itself. */
  | { readonly verb: 'own'; readonly order: string }
  | { readonly verb: 'traffic'; readonly interfaces: readonly string[] }
  | { readonly verb: 'tunnel'; readonly order: TunnelOrder }
  | ConfigRequest;

export type HelperReply =
  /** `text`: what was asked for, where that is a text. */
  | { readonly ok: true; readonly text?: string; readonly changes?: readonly string[] }
  | { readonly ok: false; readonly code: ErrorCode; readonly message: string; readonly hint?: string };

/** Of a request, without its end. */
export const LINE_LIMIT_BYTES = 4096;
/** Of an order of an agent's own kind: all ports of a fileserver are one. No line is longer. */
export const OWN_LINE_LIMIT_BYTES = 512 * 1024;
/** Of an answer: 256 KiB of journal, every character of which may need six in JSON. */
export const ANSWER_LIMIT_BYTES = 2 * 2 ** 20;

type Verb = Exclude<HelperRequest, ConfigRequest>['verb'];

/** The fields of each verb, and how they are read. */
const VERBS: {
  readonly [Each in Verb]: {
    readonly fields: readonly string[];
    readonly read: (fields: RequestFields) => Extract<HelperRequest, { verb: Each }>;
  };
} = {
  'restart-unit': { fields: ['unit'], read: (from) => ({ verb: 'restart-unit', unit: from.text('unit') }) },
  reboot: { fields: [], read: () => ({ verb: 'reboot' }) },
  remount: {
    fields: ['mountPoint', 'access'],
    read: (from) => ({
      verb: 'remount',
      mountPoint: from.mountPoint('mountPoint'),
      access: from.oneOf('access', ['read-write', 'read-only']),
    }),
  },
  'step-clock': { fields: [], read: () => ({ verb: 'step-clock' }) },
  identify: { fields: ['forMs'], read: (from) => ({ verb: 'identify', forMs: from.blinkMs('forMs') }) },
  'identify-end': { fields: [], read: () => ({ verb: 'identify-end' }) },
  journal: {
    fields: ['unit', 'lines'],
    read: (from) => ({ verb: 'journal', unit: from.unit('unit'), lines: from.lines('lines') }),
  },
  'kernel-log': { fields: ['lines'], read: (from) => ({ verb: 'kernel-log', lines: from.lines('lines') }) },
  smart: { fields: ['disk'], read: (from) => ({ verb: 'smart', disk: from.device('disk') }) },
  'thin-pools': { fields: [], read: () => ({ verb: 'thin-pools' }) },
  'raid-member': { fields: ['member'], read: (from) => ({ verb: 'raid-member', member: from.device('member') }) },
  'raid-add': {
    fields: ['array', 'member'],
    read: (from) => ({ verb: 'raid-add', array: from.device('array'), member: from.device('member') }),
  },
  'raid-remove': {
    fields: ['array', 'member'],
    read: (from) => ({ verb: 'raid-remove', array: from.device('array'), member: from.device('member') }),
  },
  'raid-replace': {
    fields: ['array', 'member', 'by'],
    read: (from) => ({
      verb: 'raid-replace',
      array: from.device('array'),
      member: from.device('member'),
      by: from.device('by'),
    }),
  },
  'raid-sync': {
    fields: ['array', 'action'],
    read: (from) => ({
      verb: 'raid-sync',
      array: from.device('array'),
      action: from.oneOf('action', ['check', 'idle']),
    }),
  },
  own: { fields: ['order'], read: (from) => ({ verb: 'own', order: from.text('order') }) },
  traffic: {
    fields: ['interfaces'],
    read: (from) => ({ verb: 'traffic', interfaces: from.interfaces('interfaces') }),
  },
  tunnel: { fields: ['order'], read: (from) => ({ verb: 'tunnel', order: parseTunnelOrder(from.raw('order')) }) },
};

/** @throws BrambleError `invalid-argument` for an unknown verb, a missing or unknown field, or no JSON at all */
export function parseRequest(line: string): HelperRequest {
  const { verb, ...fields } = parseObject(line);
  const isConfig = typeof verb === 'string' && isConfigVerb(verb);
  if (!isConfig && !isVerb(verb)) throw refused(`unknown verb ${JSON.stringify(verb)?.slice(0, 64)}`);
  const others = isConfig || verb === 'tunnel' ? CONFIG_LINE_LIMIT_BYTES : LINE_LIMIT_BYTES;
  const limit = verb === 'own' ? OWN_LINE_LIMIT_BYTES : others;
  if (line.length > limit) throw refused(`the line is longer than ${limit} bytes`);
  const expected: readonly string[] = isConfig ? CONFIG_FIELDS[verb] : VERBS[verb].fields;
  const unknown = Object.keys(fields).find((name) => !expected.includes(name));
  if (unknown !== undefined) throw refused(`unknown field ${JSON.stringify(unknown.slice(0, 64))}`);
  return isConfig ? parseConfigRequest(verb, fields) : VERBS[verb].read(new RequestFields(fields));
}

/** @throws BrambleError `data-loss` for what no helper of ours answers */
export function parseReply(line: string): HelperReply {
  try {
    const { ok, text, changes, code, message, hint } = parseObject(line);
    if (ok === true) {
      return {
        ok: true,
        ...(typeof text === 'string' && { text }),
        ...(Array.isArray(changes) && { changes: changes.map(String) }),
      };
    }
    if (typeof code === 'string' && typeof message === 'string') {
      // A helper of another version may know codes that we do not: what we cannot name is unavailable.
      const known = CODES.find((each) => each === code) ?? 'unavailable';
      return { ok: false, code: known, message, ...(typeof hint === 'string' && { hint }) };
    }
  } catch {
    // Said below, with what came.
  }
  throw new BrambleError('data-loss', `the helper answered ${JSON.stringify(line.slice(0, 100))}`);
}

export function renderLine(message: HelperRequest | HelperReply): string {
  return `${JSON.stringify(message)}\n`;
}

export function renderProgress({ percent, doneBytes, totalBytes }: Progress): string {
  return `${JSON.stringify({ progress: [percent, doneBytes, totalBytes] })}\n`;
}

/** `undefined` for a line that is the answer itself. */
export function parseProgress(line: string): Progress | undefined {
  const [, percent, doneBytes, totalBytes] = PROGRESS.exec(line) ?? [];
  if (percent === undefined) return undefined;
  return { percent: Number(percent), doneBytes: Number(doneBytes), totalBytes: Number(totalBytes) };
}

const PROGRESS = /^\{"progress":\[(\d{1,3}),(\d{1,16}),(\d{1,16})\]\}$/;

export function replyOf(error: BrambleError): HelperReply {
  const { code, message, hint } = error;
  const cut = { message: message.slice(0, 1000), ...(hint !== undefined && { hint: hint.slice(0, 500) }) };
  return { ok: false, code, ...cut };
}

const CODES = [
  'invalid-argument',
  'not-found',
  'failed-precondition',
  'permission-denied',
  'unavailable',
  'resource-exhausted',
  'data-loss',
  'deadline-exceeded',
  'unsupported',
  'internal',
] as const satisfies readonly ErrorCode[];

function isVerb(verb: unknown): verb is Verb {
  return typeof verb === 'string' && Object.hasOwn(VERBS, verb);
}

function parseObject(line: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw refused('not JSON', cause);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refused('not a JSON object');
  return { ...value };
}
