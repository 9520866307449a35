import { type Metadata, status } from '@grpc/grpc-js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BrambleError, type ErrorCode } from '../contract/errors.js';
import { fromServiceError, toServiceError, type WireStatus } from './status.js';

const CODES: readonly ErrorCode[] = [
  'invalid-argument',
  'not-found',
  'already-exists',
  'failed-precondition',
  'unauthenticated',
  'permission-denied',
  'aborted',
  'unavailable',
  'deadline-exceeded',
  'resource-exhausted',
  'cancelled',
  'data-loss',
  'unsupported',
];

/** As grpc-js hands a status to the caller. */
function received({ code, details, metadata }: { code: number; details: string; metadata?: Metadata }): Error {
  return Object.assign(new Error(`${code}: ${details}`), { code, details, metadata });
}

test.for(CODES)('%s means the same at the other end, with its hint', (code) => {
  const sent = new BrambleError(code, 'what failed', { hint: 'wähle eine andere Tür' });
  const got = fromServiceError(received(toServiceError(sent)));
  expect({ code: got.code, message: got.message, hint: got.hint }).toEqual({
    code,
    message: 'what failed',
    hint: 'wähle eine andere Tür',
  });
});

test('no two codes share a number', () => {
  const numbers = CODES.map((code) => toServiceError(new BrambleError(code, '')).code);
  expect(new Set(numbers).size).toBe(CODES.length);
  expect(toServiceError(new BrambleError('unsupported', '')).code).toBe(status.UNIMPLEMENTED);
});

test('the text of a bug never leaves the process, whatever was thrown', () => {
  fc.assert(
    fc.property(fc.anything(), (thrown) => {
      if (thrown instanceof BrambleError) return;
      expect(toServiceError(thrown)).toMatchObject({ code: status.INTERNAL, details: 'internal error' });
    }),
  );
  const secret = toServiceError(new BrambleError('internal', 'token bt1_secret', { hint: 'look in /etc' }));
  expect(JSON.stringify(secret)).not.toMatch(/secret|etc/);
});

test('any text survives percent encoding, half surrogates included', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (message) => {
      const { details }: WireStatus = toServiceError(new BrambleError('not-found', `${message}\ud800`));
      expect(() => encodeURI(details)).not.toThrow();
    }),
  );
});

test('a status outside the table is retried, an unknown throw is a bug of ours', () => {
  expect(fromServiceError(received({ code: status.OUT_OF_RANGE, details: '' }))).toMatchObject({
    code: 'unavailable',
    message: 'OUT_OF_RANGE',
  });
  expect(fromServiceError(received({ code: 99, details: 'odd' })).code).toBe('unavailable');
  expect(fromServiceError(new TypeError('x is not a function')).code).toBe('internal');
});
