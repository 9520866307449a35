import { describe, expect, test } from 'vitest';
import { checkedGrant, type Grant, parseGrant, ROLES, renderGrant } from '../../../proto/contract/access.js';
import { siteId } from '../../../proto/contract/ids.js';
import { judgePassword } from './account.js';
import { authorise, scopeOf } from './authorise.js';
import { ALL_PERMISSIONS, FLEET_WIDE, MATRIX } from './permission.js';
import { ANONYMOUS, type Principal, parsePrincipalName, principalName } from './principal.js';

const cam = siteId('cam');
const ox = siteId('ox');
const user = (...grants: readonly Grant[]): Principal => ({ kind: 'user', name: 'kim', grants });

describe('T-21: a role allows what the matrix says, within its scope, and nothing else', () => {
  for (const role of ROLES) {
    test(role, () => {
      const everywhere = user({ role, sites: 'all' });
      const atCam = user({ role, sites: [cam] });
      for (const permission of ALL_PERMISSIONS) {
        const allowed = MATRIX[role].has(permission);
        expect(authorise(everywhere, permission, ox), permission).toBe(allowed);
        expect(authorise(atCam, permission, cam), permission).toBe(allowed && !FLEET_WIDE.has(permission));
        expect(authorise(atCam, permission, ox), permission).toBe(false);
      }
    });
  }

  test('nobody may do nothing, the administrator everything', () => {
    for (const permission of ALL_PERMISSIONS) {
      expect(authorise(ANONYMOUS, permission)).toBe(false);
      expect(authorise({ kind: 'administrator', name: undefined }, permission, ox)).toBe(true);
    }
  });

  test('grants add up: a viewer of all who operates one site commands there alone', () => {
    const both = user({ role: 'viewer', sites: 'all' }, { role: 'operator', sites: [cam] });
    expect(scopeOf(both, 'nodes.read')).toBe('all');
    expect(scopeOf(both, 'commands.issue')).toEqual(new Set([cam]));
  });

  test('each role above viewer can do what a viewer can', () => {
    for (const role of ROLES) {
      expect(
        [...MATRIX.viewer].filter((permission) => !MATRIX[role].has(permission)),
        role,
      ).toEqual([]);
    }
  });
});

test.for<[string, Grant]>([
  ['viewer', { role: 'viewer', sites: 'all' }],
  ['operator@cam,ox', { role: 'operator', sites: [cam, ox] }],
])('the grant %s is read and written', ([text, grant]) => {
  expect(parseGrant(text)).toEqual(grant);
  expect(renderGrant(grant)).toBe(text);
});

test.for(['root', 'operator@', 'operator@Cam', 'operator@cam@ox', 'fleet-admin@cam', ''])(
  'the grant %j is refused',
  (text) => {
    expect(() => parseGrant(text)).toThrow();
  },
);

test('a grant for no site at all is none', () => {
  expect(() => checkedGrant({ role: 'viewer', sites: [] })).toThrow('1 to 64 sites');
});

test('a recorded name leads back to its account, and only a name that was recorded', () => {
  const kim = user();
  expect(parsePrincipalName(principalName(kim))).toEqual({ kind: 'user', name: 'kim' });
  expect(parsePrincipalName('api-token:abcdefgh')).toEqual({ kind: 'api-token', id: 'abcdefgh' });
  expect(parsePrincipalName('admin:kim')).toEqual({ kind: 'administrator' });
  for (const other of ['kim', 'administrator', 'controller', 'user:', 'adminx', '']) {
    expect(parsePrincipalName(other), other).toBeUndefined();
  }
});

test.for<[string, boolean]>([
  ['elevenchars', false],
  ['twelve chars', true],
  ['abababababababab', false],
  ['my name is kim, really', false],
  ['x'.repeat(5) + 'öäü'.repeat(90), false],
])('the password %j is good: %j', ([password, isGood]) => {
  expect(judgePassword(password, 'kim') === undefined).toBe(isGood);
});
