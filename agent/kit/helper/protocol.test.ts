import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BrambleError } from '../../../proto/contract/errors.js';
import { NOTHING_ALLOWED } from '../node-config/machine.js';
import { parsePolicy, uidOf } from './policy.js';
import { LINE_LIMIT_BYTES, parseReply, parseRequest, renderLine, replyOf } from './protocol.js';
import { peerUid } from './serve.js';

test('every request that we render is the one that is parsed', () => {
  for (const request of [{ verb: 'reboot' }, { verb: 'restart-unit', unit: 'ssh.service' }] as const) {
    expect(parseRequest(renderLine(request))).toEqual(request);
  }
});

test.for([
  ['an unknown verb', '{"verb":"run","argv":["id"]}'],
  ['a verb of the prototype', '{"verb":"constructor"}'],
  ['no verb', '{}'],
  ['an unknown field', '{"verb":"reboot","force":true}'],
  ['a field of another verb', '{"verb":"reboot","unit":"a.service"}'],
  ['a missing unit', '{"verb":"restart-unit"}'],
  ['a unit that is no string', '{"verb":"restart-unit","unit":["a.service"]}'],
  ['a list', '["reboot"]'],
  ['null', 'null'],
  ['no JSON', 'reboot'],
  ['nothing', ''],
] as const)('T-59 %s is refused', ([, line]) => {
  expect(() => parseRequest(line)).toThrow(expect.objectContaining({ code: 'invalid-argument' }));
});

test('property: any text is a request of the closed set or refused', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (line) => {
      try {
        expect(['reboot', 'restart-unit']).toContain(parseRequest(line).verb);
      } catch (error) {
        expect(error).toMatchObject({ code: 'invalid-argument' });
      }
    }),
  );
});

test('an error travels with code, message and hint, and always fits its line', () => {
  const error = new BrambleError('not-found', 'x'.repeat(10_000), { hint: 'y'.repeat(10_000) });
  const line = renderLine(replyOf(error));
  expect(line.length).toBeLessThan(LINE_LIMIT_BYTES);
  expect(parseReply(line)).toMatchObject({ ok: false, code: 'not-found' });
  expect(parseReply('{"ok":false,"code":"from-the-future","message":"m"}')).toMatchObject({ code: 'unavailable' });
  expect(() => parseReply('Segmentation fault')).toThrow(expect.objectContaining({ code: 'data-loss' }));
  expect(() => parseReply('{"ok":1}')).toThrow(expect.objectContaining({ code: 'data-loss' }));
});

test.for([
  ['3-4711-998', 998],
  ['3-4711-0', 0],
  ['0-12345-4711-998', 998],
  ['0-12345-4711_67890-998', 998],
  ['3-4711_67890-998', 998],
  ['3-unknown', undefined],
  ['3-4711', undefined],
  ['3-4711--1', undefined],
  ['3-4711-998 ', undefined],
  ['', undefined],
  ['998', undefined],
] as const)('the instance name %j carries uid %s', ([peer, uid]) => {
  expect(peerUid(peer)).toBe(uid);
});

test('a policy names a user, units and whether a reboot is allowed; all but the user may be left out', () => {
  expect(parsePolicy('{"user": "agent", "units": ["a.service"], "reboot": true}', 'p')).toEqual({
    user: 'agent',
    units: ['a.service'],
    reboot: true,
    config: NOTHING_ALLOWED,
  });
  const nothing = { user: 998, units: [], reboot: false, config: NOTHING_ALLOWED };
  expect(parsePolicy('{"user": 998}', 'p')).toEqual(nothing);
  const config = { hostname: true, users: ['pi'], sysctls: ['vm.swappiness'], units: ['cups.service'] };
  expect(parsePolicy(JSON.stringify({ user: 998, config }), 'p').config).toEqual({ ...config, ntp: false });
  expect(() => parsePolicy('{"user": 998, "config": {"ntp": 1, "users": "pi", "path": "/"}}', 'p')).toThrow(
    'unknown field "config.path"; config.ntp must be true or false; config.users must be a list of names',
  );
});

test('a policy that cannot be used says everything that is wrong with it', () => {
  const text = '{"units": ["a.service", 1], "reboot": "yes", "shell": true}';
  expect(() => parsePolicy(text, '/etc/policy')).toThrow(
    '/etc/policy cannot be used: unknown field "shell"; user must be a name or a uid; units must be a list of names; reboot must be true or false',
  );
  for (const bad of ['', 'null', '[]', '{"user": -1}', '{"user": 1.5}', '{"user": ""}', '{"user": "a", "units": {}}']) {
    expect(() => parsePolicy(bad, 'p'), bad).toThrow(expect.objectContaining({ code: 'failed-precondition' }));
  }
});

test('uids come from the text of /etc/passwd', () => {
  const passwd = 'root:x:0:0:root:/root:/bin/bash\nagent:x:998:998::/:/usr/sbin/nologin\nbroken:x\n';
  expect([uidOf('root', passwd), uidOf('agent', passwd)]).toEqual([0, 998]);
  expect([uidOf('broken', passwd), uidOf('nobody', passwd), uidOf('', passwd)]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});
