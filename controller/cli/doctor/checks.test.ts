import { describe, expect, test } from 'vitest';
import type { ControllerFacts } from '../../../proto/contract/api/doctor.js';
import { BrambleError } from '../../../proto/contract/errors.js';
import { CHECKS, examine } from './checks.js';
import type { Finding, Gathered } from './gathered.js';
import { compareReleases } from './versions.js';

const NOW_MS = 1_795_176_000_000;
const DAY_MS = 86_400_000;
const GIB = 1024 ** 3;

type Facts = ControllerFacts & { readonly localMs: number; readonly roundTripMs: number };

function facts(over: Partial<Facts> = {}): Facts {
  return {
    ...{ nowMs: NOW_MS, localMs: NOW_MS, roundTripMs: 10, version: '0.1.0', upForMs: DAY_MS, clockSteppedMs: 3 },
    host: {
      dataDir: { freeBytes: 30 * GIB, totalBytes: 60 * GIB },
      openFiles: { openCount: 140, limit: 65_536 },
      ...{ eventLoopDelayMs: 4, clockSynchronised: 'yes', runtime: 'v22.21.1', lastBackupAtMs: NOW_MS - DAY_MS },
    },
    store: { schemaVersion: 3, sizeBytes: 1 },
    parts: [{ part: 'store', ready: true, detail: 'takes transactions' }],
    endpoints: { link: ['c:7443'], enrol: 'c:7442' },
    certificates: [
      { role: 'root', expiresAtMs: NOW_MS + 3_000 * DAY_MS },
      { role: 'servers', expiresAtMs: NOW_MS + 700 * DAY_MS },
      { role: 'controller', expiresAtMs: NOW_MS + 29 * DAY_MS },
    ],
    nodes: {
      inService: 24,
      agentVersions: [{ version: '0.1.0', count: 24 }],
      expiring: { count: 0, first: [] },
      clocks: { count: 0, first: [] },
    },
    ...over,
  };
}

const host = (over: Partial<Facts['host']>): Facts => facts({ host: { ...facts().host, ...over } });
const nodes = (over: Partial<Facts['nodes']>): Facts => facts({ nodes: { ...facts().nodes, ...over } });
const without = (field: keyof Facts['host']): Facts => {
  const { [field]: _, ...rest } = facts().host;
  return facts({ host: rest as Facts['host'] }); // the optional ones
};

const BY_SOCKET = { kind: 'socket', path: '/data/admin.sock' } as const;
const BY_HTTPS = { kind: 'server', url: 'https://c.example', host: 'c.example', port: 443, isSecure: true } as const;

function gathered(over: Partial<Gathered> = {}): Gathered {
  return {
    ...{ cliVersion: '0.1.0', nowMs: NOW_MS, address: { value: BY_SOCKET } },
    answered: { value: { controllerMs: NOW_MS, localMs: NOW_MS, roundTripMs: 4 } },
    facts: { value: facts() },
    doors: [
      { door: 'link', endpoint: 'c:7443', tried: { value: undefined } },
      { door: 'enrol', endpoint: 'c:7442', tried: { value: undefined } },
    ],
    ...over,
  };
}

/** As the system gives it to a transport. */
function systemError(code: string, message = `connect ${code}`): BrambleError {
  return new BrambleError('unavailable', message, { hint: 'look', cause: Object.assign(new Error(message), { code }) });
}

const troubles = (seen: Gathered): readonly Finding[] => examine(seen).filter(({ verdict }) => verdict !== 'ok');

test('where all is well every check says so, and none has anything to do', () => {
  const found = examine(gathered());
  expect(found.every(({ verdict, remedy }) => verdict === 'ok' && remedy === undefined)).toBe(true);
  expect(found.length).toBeGreaterThanOrEqual(16);
});

test('whatever is not ok says what to do, unless nothing can be done', () => {
  const nothing = { error: systemError('ECONNREFUSED') };
  const everything = gathered({
    ...{ address: { value: BY_HTTPS }, addresses: nothing, port: nothing, pageCertificate: nothing },
    facts: { value: host({ eventLoopDelayMs: 9_000, runtime: 'v20.20.2', clockSynchronised: 'unknown' }) },
  });
  for (const finding of troubles(everything)) expect(finding.remedy, finding.check).toBeTruthy();
});

/** What was gathered, and the one finding that must come of it. */
const CASES: readonly (readonly [string, Gathered, string, Finding['verdict'], string])[] = [
  [
    'a context that is not there',
    gathered({ address: { error: new BrambleError('not-found', 'there is no context x', { hint: 'y' }) } }),
    ...(['address', 'fail', 'there is no context x'] as const),
  ],
  [
    'a name without an address',
    gathered({ address: { value: BY_HTTPS }, addresses: { error: systemError('ENOTFOUND') } }),
    ...(['dns', 'fail', 'the name c.example has no address'] as const),
  ],
  [
    'no name server',
    gathered({ address: { value: BY_HTTPS }, addresses: { error: systemError('EAI_AGAIN') } }),
    ...(['dns', 'fail', 'nobody says which address'] as const),
  ],
  [
    'a closed port',
    gathered({ address: { value: BY_HTTPS }, port: { error: systemError('ECONNREFUSED') } }),
    ...(['port', 'fail', 'nothing listens at c.example port 443'] as const),
  ],
  [
    'a port behind a wall',
    gathered({ address: { value: BY_HTTPS }, port: { error: new BrambleError('deadline-exceeded', 'no answer') } }),
    ...(['port', 'fail', 'does not answer'] as const),
  ],
  [
    'a certificate that nobody trusts',
    gathered({ pageCertificate: { value: { expiresAtMs: NOW_MS + 90 * DAY_MS, refusedBecause: 'self-signed' } } }),
    ...(['page-certificate', 'fail', 'not trusted: self-signed'] as const),
  ],
  [
    'a certificate that ended',
    gathered({ pageCertificate: { value: { expiresAtMs: NOW_MS - DAY_MS, refusedBecause: 'expired' } } }),
    ...(['page-certificate', 'fail', 'it ended 1 d ago'] as const),
  ],
  [
    'a certificate that ends soon',
    gathered({ pageCertificate: { value: { expiresAtMs: NOW_MS + 20 * DAY_MS, refusedBecause: undefined } } }),
    ...(['page-certificate', 'warn', 'good for 20 d'] as const),
  ],
  [
    'no socket',
    gathered({ answered: { error: systemError('ENOENT') } }),
    ...(['controller', 'fail', 'there is no socket /data/admin.sock'] as const),
  ],
  [
    'a socket without a controller',
    gathered({ answered: { error: systemError('ECONNREFUSED') } }),
    ...(['controller', 'fail', 'left behind by a controller that no longer runs'] as const),
  ],
  [
    'a socket of somebody else',
    gathered({ answered: { error: new BrambleError('permission-denied', 'no permission', { hint: 'sudo' }) } }),
    ...(['controller', 'fail', 'no permission'] as const),
  ],
  [
    'a restore that was cut off',
    gathered({
      answered: { error: systemError('ENOENT') },
      beside: { isRestoreUnfinished: true, freeBytes: undefined },
    }),
    ...(['restore', 'fail', 'was cut off'] as const),
  ],
  [
    'a full disk under a controller that is down',
    gathered({ answered: { error: systemError('ENOENT') }, beside: { isRestoreUnfinished: false, freeBytes: 4_096 } }),
    ...(['space', 'fail', 'only 4.0 KiB left'] as const),
  ],
  [
    'a token that may not',
    gathered({ facts: { error: new BrambleError('permission-denied', 'kim may not', { hint: 'ask' }) } }),
    ...(['rights', 'fail', 'kim may not'] as const),
  ],
  [
    'a controller whose store hangs',
    gathered({ facts: { error: new BrambleError('deadline-exceeded', 'it did not answer in time') } }),
    ...(['facts', 'fail', 'did not answer in time'] as const),
  ],
  [
    'an old controller',
    gathered({ facts: { error: new BrambleError('not-found', 'no such path') } }),
    ...(['rights', 'warn', 'too old'] as const),
  ],
  [
    'a local clock ahead',
    gathered({ facts: { value: facts({ localMs: NOW_MS + 6_000 }) } }),
    'local-clock',
    'warn',
    '6 s ahead of',
  ],
  ['a local clock far behind', gathered({ facts: { value: facts({ localMs: 0 }) } }), 'local-clock', 'fail', 'behind'],
  [
    'a local clock that only the Date header shows',
    gathered({
      facts: { error: new BrambleError('unauthenticated', 'who?') },
      answered: { value: { controllerMs: NOW_MS, localMs: NOW_MS + 3_600_000, roundTripMs: 4 } },
    }),
    ...(['local-clock', 'fail', '1 h ahead of'] as const),
  ],
  [
    'a controller’s clock that was set',
    gathered({ facts: { value: facts({ clockSteppedMs: -60_000 }) } }),
    'controller-clock',
    'warn',
    'set back by 1 min',
  ],
  [
    'a clock that nothing keeps',
    gathered({ facts: { value: host({ clockSynchronised: 'no' }) } }),
    ...(['controller-clock', 'warn', 'nothing keeps it right'] as const),
  ],
  [
    'no time service',
    gathered({ facts: { value: host({ clockSynchronised: 'unknown' }) } }),
    'controller-clock',
    'unknown',
    'nobody there can say',
  ],
  ['an older controller', gathered({ cliVersion: '0.2.0' }), 'cli-version', 'warn', 'the controller is older'],
  [
    'an older command',
    gathered({ facts: { value: facts({ version: '1.0.0' }) } }),
    'cli-version',
    'warn',
    'this command is older',
  ],
  ['an old runtime', gathered({ facts: { value: host({ runtime: 'v20.20.2' }) } }), 'runtime', 'warn', 'v20.20.2'],
  [
    'a store that does not answer',
    gathered({ facts: { value: facts({ parts: [{ part: 'store', ready: false, detail: 'no answer within 2 s' }] }) } }),
    ...(['store', 'fail', 'no answer within 2 s'] as const),
  ],
  [
    'little room',
    gathered({ facts: { value: host({ dataDir: { freeBytes: 5 * GIB, totalBytes: 100 * GIB } }) } }),
    ...(['space', 'warn', '5.0 GiB (5.0 %) left'] as const),
  ],
  [
    'no room',
    gathered({ facts: { value: host({ dataDir: { freeBytes: 1_000, totalBytes: 4 * GIB } }) } }),
    ...(['space', 'fail', '1000 B (0.0 %) left'] as const),
  ],
  [
    'a disk that does not tell',
    gathered({ facts: { value: without('dataDir') } }),
    'space',
    'unknown',
    'does not tell',
  ],
  [
    'too few open files for the fleet',
    gathered({
      facts: {
        value: {
          ...nodes({ inService: 1_000 }),
          host: { ...facts().host, openFiles: { openCount: 90, limit: 1_024 } },
        },
      },
    }),
    ...(['open-files', 'warn', '1000 nodes may need 2512'] as const),
  ],
  [
    'open files that run out',
    gathered({ facts: { value: host({ openFiles: { openCount: 1_000, limit: 1_024 } }) } }),
    ...(['open-files', 'fail', '1000 open of at most 1024'] as const),
  ],
  ['a slow loop', gathered({ facts: { value: host({ eventLoopDelayMs: 300 }) } }), 'load', 'warn', '300 ms'],
  ['a loop that stands', gathered({ facts: { value: host({ eventLoopDelayMs: 1_000 }) } }), 'load', 'fail', '1 s'],
  ['no backup', gathered({ facts: { value: without('lastBackupAtMs') } }), 'backup', 'warn', 'there is none'],
  [
    'an old backup',
    gathered({ facts: { value: host({ lastBackupAtMs: NOW_MS - 8 * DAY_MS }) } }),
    'backup',
    'warn',
    '8 d old',
  ],
  [
    'an authority that waits for a restart',
    gathered({ facts: { value: facts({ certificates: [{ role: 'agents', expiresAtMs: NOW_MS + 100 * DAY_MS }] }) } }),
    ...(['certificates', 'warn', '“agents” ends in 100 d'] as const),
  ],
  [
    'a controller’s certificate that did not renew itself',
    gathered({ facts: { value: facts({ certificates: [{ role: 'controller', expiresAtMs: NOW_MS - 1 }] }) } }),
    ...(['certificates', 'fail', '“controller” ended'] as const),
  ],
  [
    'a link listener that is not reached',
    gathered({ doors: [{ door: 'link', endpoint: 'c:7443', tried: { error: systemError('ECONNREFUSED') } }] }),
    ...(['link-reachable', 'fail', 'c:7443 is not reached from here'] as const),
  ],
  [
    'the same from afar, where a firewall may be right',
    gathered({
      address: { value: BY_HTTPS },
      doors: [{ door: 'enrol', endpoint: 'c:7442', tried: { error: systemError('ETIMEDOUT') } }],
    }),
    ...(['enrol-reachable', 'warn', 'c:7442 is not reached from here'] as const),
  ],
  [
    'agents newer than their controller',
    gathered({ facts: { value: nodes({ agentVersions: [{ version: '0.2.0', count: 3 }] }) } }),
    ...(['agent-versions', 'fail', '3 agents of 3 newer'] as const),
  ],
  [
    'older agents',
    gathered({
      facts: {
        value: nodes({
          agentVersions: [
            { version: '0.0.9', count: 1 },
            { version: '0.1.7', count: 2 },
          ],
        }),
      },
    }),
    ...(['agent-versions', 'warn', '1 agent of 3 older'] as const),
  ],
  [
    'wrong clocks',
    gathered({
      facts: { value: nodes({ clocks: { count: 2, first: [{ name: 'pi-1', site: 's', message: 'late' }] } }) },
    }),
    ...(['node-clocks', 'warn', '2 clocks of 24 wrong, such as pi-1: late'] as const),
  ],
  [
    'a node that did not renew',
    gathered({
      facts: {
        value: nodes({ expiring: { count: 1, first: [{ name: 'pi-1', site: 's', expiresAtMs: NOW_MS + DAY_MS }] } }),
      },
    }),
    ...(['node-certificates', 'warn', 'that of pi-1 (s) ends in 1 d'] as const),
  ],
  [
    'a node that is too late',
    gathered({
      facts: {
        value: nodes({ expiring: { count: 1, first: [{ name: 'pi-1', site: 's', expiresAtMs: NOW_MS - DAY_MS }] } }),
      },
    }),
    ...(['node-certificates', 'fail', 'ended 1 d ago'] as const),
  ],
];

describe('each trouble is found by its check alone', () => {
  test.for(CASES)('%s', ([, seen, check, verdict, words]) => {
    const found = examine(seen).find((finding) => finding.check === check);
    expect(found).toMatchObject({ verdict, message: expect.stringContaining(words) });
  });
});

test('of a controller that is down only what was tried is judged, and no check throws', () => {
  const found = examine(
    gathered({ answered: { error: systemError('ENOENT') }, facts: { error: systemError('ENOENT') }, doors: [] }),
  );
  expect(found.map(({ check }) => check)).toEqual(['address', 'controller', 'facts']);
  for (const check of CHECKS) {
    expect(() => check({ cliVersion: '', nowMs: 0, address: { error: systemError('x') }, doors: [] })).not.toThrow();
  }
});

test('clocks that agree within what the answer took are not called different', () => {
  const late = gathered({ facts: { value: facts({ localMs: NOW_MS + 7_000, roundTripMs: 8_000 }) } });
  expect(troubles(late)).toEqual([]);
});

test('what a node calls itself cannot disturb the terminal', () => {
  const name = 'pi\u001b[2J\u202e';
  const seen = gathered({
    facts: { value: nodes({ clocks: { count: 1, first: [{ name, site: 's', message: 'a\nb' }] } }) },
  });
  expect(JSON.stringify(examine(seen))).not.toMatch(/\\u001b|\\n|\u202e/);
});

test('releases compare by major and minor number, and what is none is older than every one', () => {
  expect(compareReleases('0.1.9', '0.1.0')).toBe(0);
  expect(compareReleases('0.10.0', '0.9.0')).toBeGreaterThan(0);
  expect(compareReleases('1.0.0', '0.99.0')).toBeGreaterThan(0);
  expect(compareReleases('unknown', '0.0.1')).toBeLessThan(0);
});
