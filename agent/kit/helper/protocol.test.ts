import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BrambleError } from '../../../proto/contract/errors.js';
import { NOTHING_ALLOWED } from '../node-config/machine.js';
import { parseTunnelOrder } from '../tunnel/order.js';
import { parsePolicy, uidOf } from './policy.js';
import { type HelperRequest, LINE_LIMIT_BYTES, parseReply, parseRequest, renderLine, replyOf } from './protocol.js';
import { peerUid } from './serve.js';

const REQUESTS: readonly HelperRequest[] = [
  { verb: 'reboot' },
  { verb: 'restart-unit', unit: 'ssh.service' },
  { verb: 'remount', mountPoint: '/boot/firmware', access: 'read-only' },
  { verb: 'smart', disk: 'nvme0n1' },
  { verb: 'thin-pools' },
  { verb: 'raid-member', member: 'sda3' },
  { verb: 'raid-add', array: 'md0', member: 'sda3' },
  { verb: 'raid-remove', array: 'md0', member: 'sda3' },
  { verb: 'raid-replace', array: 'md0', member: 'sda3', by: 'sdc3' },
  { verb: 'raid-sync', array: 'md0', action: 'check' },
  { verb: 'traffic', interfaces: [] },
  { verb: 'traffic', interfaces: ['eth0', 'eth0.10'] },
  { verb: 'remount', mountPoint: '/', access: 'read-write' },
  { verb: 'step-clock' },
  { verb: 'identify', forMs: 5_000 },
  { verb: 'identify', forMs: 300_000 },
  { verb: 'identify-end' },
  { verb: 'journal', unit: 'bramble-agent.service', lines: 2_000 },
  { verb: 'kernel-log', lines: 1 },
];

test.for(REQUESTS)('the request %j is parsed as it was rendered', (request) => {
  expect(parseRequest(renderLine(request))).toEqual(request);
});

test.for([
  ['an unknown verb', '{"verb":"run","argv":["id"]}'],
  ['a verb of the prototype', '{"verb":"constructor"}'],
  ['a verb that is a list', '{"verb":["reboot"]}'],
  ['no verb', '{}'],
  ['an unknown field', '{"verb":"reboot","force":true}'],
  ['a field of another verb', '{"verb":"reboot","unit":"a.service"}'],
  ['a field of the prototype', '{"verb":"reboot","__proto__":{"unit":"a"}}'],
  ['a missing unit', '{"verb":"restart-unit"}'],
  ['a unit that is no string', '{"verb":"restart-unit","unit":["a.service"]}'],
  ['a list', '["reboot"]'],
  ['null', 'null'],
  ['no JSON', 'reboot'],
  ['nothing', ''],
  ['a mount point that is relative', '{"verb":"remount","mountPoint":"boot","access":"read-only"}'],
  ['a mount point that is an option', '{"verb":"remount","mountPoint":"--all","access":"read-only"}'],
  ['a mount point that leads up', '{"verb":"remount","mountPoint":"/srv/../etc","access":"read-only"}'],
  ['a mount point with a line end', '{"verb":"remount","mountPoint":"/a\\n/b","access":"read-only"}'],
  ['a mount point with a NUL', '{"verb":"remount","mountPoint":"/a\\u0000","access":"read-only"}'],
  ['a mount point that is no text', '{"verb":"remount","mountPoint":{"toString":"/"},"access":"read-only"}'],
  ['no access', '{"verb":"remount","mountPoint":"/"}'],
  ['options in place of an access', '{"verb":"remount","mountPoint":"/","access":"rw,suid,dev"}'],
  ['more options', '{"verb":"remount","mountPoint":"/","access":"read-only","options":"suid"}'],
  ['a time to set', '{"verb":"step-clock","to":0}'],
  ['blinking too shortly', '{"verb":"identify","forMs":4999}'],
  ['blinking too long', '{"verb":"identify","forMs":300001}'],
  ['blinking for a part of a millisecond', '{"verb":"identify","forMs":5000.5}'],
  ['blinking for text', '{"verb":"identify","forMs":"5000"}'],
  ['blinking for ever', '{"verb":"identify","forMs":1e999}'],
  ['an LED of choice', '{"verb":"identify","forMs":5000,"led":"../../block/sda"}'],
  ['the journal of no unit', '{"verb":"journal","lines":1}'],
  ['the journal of a pattern', '{"verb":"journal","unit":"*.service","lines":1}'],
  ['the journal of an option', '{"verb":"journal","unit":"--vacuum-size=1.service","lines":1}'],
  ['no lines', '{"verb":"journal","unit":"a.service","lines":0}'],
  ['too many lines', '{"verb":"kernel-log","lines":2001}'],
  ['an interface that closes a quote', '{"verb":"traffic","interfaces":["eth0\\" ; flush ruleset"]}'],
  ['an interface that is a path', '{"verb":"traffic","interfaces":["../eth0"]}'],
  ['one interface for a list', '{"verb":"traffic","interfaces":"eth0"}'],
  ['a table of choice', '{"verb":"traffic","interfaces":[],"table":"filter"}'],
  ['a file of choice', '{"verb":"journal","unit":"a.service","lines":1,"file":"/etc/shadow"}'],
] as const)('T-59 %s is refused', ([, line]) => {
  expect(() => parseRequest(line)).toThrow(expect.objectContaining({ code: 'invalid-argument' }));
});

/** A name in /dev: no path, no option, no pattern. */
const DEVICE = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,30}$/;

/** Whatever got through is exactly what is allowed to get through. */
function checkIsOfTheSet(request: HelperRequest): void {
  switch (request.verb) {
    case 'reboot':
    case 'step-clock':
    case 'identify-end':
    case 'thin-pools':
      expect(Object.keys(request)).toEqual(['verb']);
      return;
    case 'smart':
      expect(request.disk).toMatch(DEVICE);
      return;
    case 'traffic':
      for (const name of request.interfaces) expect(name).toMatch(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,14}$/);
      return;
    case 'raid-member':
      expect(request.member).toMatch(DEVICE);
      return;
    case 'raid-add':
    case 'raid-remove':
    case 'raid-replace':
    case 'raid-sync': {
      const { verb: _, ...names } = request;
      for (const name of Object.values(names)) expect(name).toMatch(DEVICE);
      return;
    }
    case 'tunnel':
      expect(parseTunnelOrder(request.order)).toEqual(request.order);
      return;
    case 'restart-unit':
      expect(typeof request.unit).toBe('string');
      return;
    case 'remount':
      expect(['read-write', 'read-only']).toContain(request.access);
      expect(request.mountPoint).toMatch(/^\/[A-Za-z0-9._@+/-]*$/);
      return;
    case 'identify':
      expect(request.forMs >= 5_000 && request.forMs <= 300_000).toBe(true);
      return;
    case 'journal':
      expect(request.unit).toMatch(/^[A-Za-z0-9_][^\s/*?[\]]*$/);
      expect(request.lines >= 1 && request.lines <= 2_000).toBe(true);
      return;
    case 'apply-config':
    case 'check-config':
    case 'confirm-config':
    case 'undo-config':
      return; // theirs is a test of its own
    case 'own':
      expect(typeof request.order).toBe('string'); // judged by the agent whose own it is
      return;
    case 'kernel-log':
      expect(request.lines >= 1 && request.lines <= 2_000).toBe(true);
      return;
  }
}

test('T-59 property: any text is a request of the closed set or refused', () => {
  const value = fc.oneof(fc.string(), fc.integer(), fc.double(), fc.boolean(), fc.jsonValue());
  const near = fc
    .record(
      {
        verb: fc.oneof(fc.constantFrom(...REQUESTS.map(({ verb }) => verb)), fc.string()),
        unit: fc.oneof(fc.constantFrom('ssh.service', '--x.service', '*.service', 'a b.service'), value),
        mountPoint: fc.oneof(fc.constantFrom('/', '/boot', '/../x', '-o', '/a b'), value),
        access: fc.oneof(fc.constantFrom('read-only', 'read-write', 'rw'), value),
        forMs: fc.oneof(fc.integer({ min: 4_990, max: 300_010 }), value),
        lines: fc.oneof(fc.integer({ min: -1, max: 2_010 }), value),
      },
      { requiredKeys: ['verb'] },
    )
    .map((fields) => JSON.stringify(fields));
  const exact = fc.constantFrom(...REQUESTS).map((request) => JSON.stringify(request));
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json(), near, exact), (line) => {
      let request: HelperRequest;
      try {
        request = parseRequest(line);
      } catch (error) {
        expect(error).toMatchObject({ code: 'invalid-argument' });
        return;
      }
      checkIsOfTheSet(request);
    }),
    { numRuns: 2_000 },
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

const NOTHING = {
  units: [],
  reboot: false,
  mounts: [],
  stepClock: false,
  identify: false,
  journal: [],
  kernelLog: false,
  storage: false,
  traffic: false,
  tunnel: false,
  raid: [],
  config: NOTHING_ALLOWED,
} as const;

test('a policy names a user and what is allowed; what it leaves out is not', () => {
  expect(parsePolicy('{"user": "agent", "units": ["a.service"], "reboot": true}', 'p')).toEqual({
    ...NOTHING,
    user: 'agent',
    units: ['a.service'],
    reboot: true,
  });
  expect(parsePolicy('{"user": 998}', 'p')).toEqual({ ...NOTHING, user: 998 });
  const all = {
    ...{ user: 998, units: ['a.service'], reboot: true, mounts: ['/'], stepClock: true, identify: true },
    ...{ journal: ['b.service'], kernelLog: true, storage: true, traffic: true, tunnel: true, raid: ['md0'] },
  };
  expect(parsePolicy(JSON.stringify(all), 'p')).toEqual({ ...all, config: NOTHING_ALLOWED });
  const config = { hostname: true, users: ['pi'], sysctls: ['vm.swappiness'], units: ['cups.service'] };
  expect(parsePolicy(JSON.stringify({ user: 998, config }), 'p').config).toEqual({ ...config, ntp: false });
  expect(() => parsePolicy('{"user": 998, "config": {"ntp": 1, "users": "pi", "path": "/"}}', 'p')).toThrow(
    'unknown field "config.path"; config.ntp must be true or false; config.users must be a list of names',
  );
});

test('a policy that cannot be used says everything that is wrong with it', () => {
  const text = '{"units": ["a.service", 1], "reboot": "yes", "mounts": ["boot"], "shell": true}';
  expect(() => parsePolicy(text, '/etc/policy')).toThrow(
    '/etc/policy cannot be used: unknown field "shell"; user must be a name or a uid; units must be a list of names; ' +
      'reboot must be true or false; mounts: "boot" is no mount point',
  );
  for (const bad of [
    ...['', 'null', '[]', '{"user": -1}', '{"user": 1.5}', '{"user": ""}', '{"user": "a", "units": {}}'],
    ...['{"user": "a", "mounts": "/"}', '{"user": "a", "identify": 1}', '{"user": "a", "journal": [null]}'],
    ...['{"user": "a", "units": null}', '{"user": "a", "__proto__": {"reboot": true}}'],
  ]) {
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
