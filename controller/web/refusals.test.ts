/** What the HTTP API answers to what it does not take. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ErrorEnvelope } from '../../proto/contract/api/requests.js';
import { makeNode } from '../usecases/testing/fleet.js';
import { RealFleet } from './testing/real-fleet.js';

let fleet: RealFleet;
beforeEach(async () => {
  fleet = await RealFleet.start({ nodes: [makeNode(1)] });
});
afterEach(async () => {
  await fleet.stop();
  await fleet.store.close();
});

describe('every refusal has the one envelope', () => {
  const json = { 'content-type': 'application/json' };

  test.for<[string, string, string, string | undefined, Record<string, string>, number, string]>([
    ['a path that is not there', 'GET', '/api/v1/nope', undefined, {}, 404, 'not-found'],
    ['a method that the path does not know', 'DELETE', '/api/v1/nodes', undefined, {}, 405, 'unsupported'],
    ['a body that is no JSON', 'POST', '/api/v1/sites', '{"name":', json, 400, 'invalid-argument'],
    ['an empty body', 'POST', '/api/v1/sites', '', json, 400, 'invalid-argument'],
    [
      'a body of another type',
      'POST',
      '/api/v1/sites',
      '<a/>',
      { 'content-type': 'text/xml' },
      415,
      'invalid-argument',
    ],
    [
      'T-52 a body that is too long',
      'POST',
      '/api/v1/sites',
      `"${'x'.repeat(1_100_000)}"`,
      json,
      413,
      'resource-exhausted',
    ],
    ['T-52 a body as deep as a well', 'POST', '/api/v1/sites', `${'['.repeat(50_000)}`, json, 400, 'invalid-argument'],
    [
      'T-52 a constructor key',
      'POST',
      '/api/v1/sites',
      '{"constructor":{"prototype":{"x":1}}}',
      json,
      400,
      'invalid-argument',
    ],
    ['a page of nothing', 'GET', '/api/v1/nodes?limit=0', undefined, {}, 400, 'invalid-argument'],
    ['T-52 a page of less than nothing', 'GET', '/api/v1/nodes?limit=-1', undefined, {}, 400, 'invalid-argument'],
    ['T-52 a page of no number', 'GET', '/api/v1/nodes?limit=NaN', undefined, {}, 400, 'invalid-argument'],
    ['T-53 a filter with SQL in it', 'GET', "/api/v1/nodes?site=a'%20OR%201=1", undefined, {}, 400, 'invalid-argument'],
    ['a broken selector', 'GET', '/api/v1/nodes?selector=a(', undefined, {}, 400, 'invalid-argument'],
  ])('%s', async ([, method, path, text, headers, status, code]) => {
    const answer = await fleet.ask(method, path, text, headers);
    expect(answer.headers['content-type']).toMatch(/^application\/json/);
    expect([answer.status, answer.json()]).toMatchObject([
      status,
      { code, message: expect.stringMatching(/./), requestId: expect.stringMatching(/^r-[0-9a-f]{16}$/) },
    ]);
    expect(answer.headers['x-request-id']).toBe((answer.json() as ErrorEnvelope).requestId);
  });

  test('a path says which methods it knows', async () => {
    const { headers } = await fleet.ask('DELETE', '/api/v1/sites');
    expect(headers.allow).toBe('GET, POST');
  });

  test('every wrong field is told by its path', async () => {
    const answer = await fleet.ask('POST', '/api/v1/tokens', { kind: 'toaster', ttlMs: 'long', x: 1 });
    const { details } = answer.json() as {
      readonly details: { readonly fields: readonly { readonly field: string }[] };
    };
    expect(details.fields.map(({ field }) => field).sort()).toEqual(['kind', 'request', 'site', 'ttlMs']);
  });
});
