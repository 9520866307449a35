import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ROLES } from '../../../proto/contract/access.js';
import { ALL_PERMISSIONS, FLEET_WIDE, MATRIX, PERMISSIONS, type Permission } from '../../domain/access/permission.js';
import type { RouteDeclaration } from '../declare.js';
import { ROUTES } from '../table/index.js';
import { ROUTE_RIGHTS } from '../table/rights.js';
import type { RouteRight } from './right.js';

const START = '<!-- rights: held to controller/web/table/rights.ts by a test -->\n\n';
const END = '\n<!-- end of rights -->';

const routes: readonly (readonly [string, RouteDeclaration])[] = Object.entries(ROUTES);
const rights: Readonly<Record<string, RouteRight>> = ROUTE_RIGHTS;

function routesOf(wanted: readonly RouteRight[]): string {
  const found = routes.filter(([name]) => wanted.some((right) => right === rights[name]));
  return found.map(([, { method, path }]) => `\`${method} ${path.replace('/api/v1', '')}\``).join(', ') || '–';
}

function row(permission: Permission): string {
  const roles = ROLES.map((role) => (MATRIX[role].has(permission) ? '●' : '–'));
  const scope = FLEET_WIDE.has(permission) ? 'fleet' : 'site';
  const wanted: readonly RouteRight[] = permission === 'metrics.read' ? ['metrics', permission] : [permission];
  return `| ${[PERMISSIONS[permission], scope, ...roles, routesOf(wanted)].join(' | ')} |`;
}

/** The matrix of permissions as SECURITY.md shows it. */
function renderMatrix(): string {
  const head = ['right', 'scope', ...ROLES, 'routes (below /api/v1)'];
  return [
    `| ${head.join(' | ')} |`,
    `|${head.map(() => '---').join('|')}|`,
    ...ALL_PERMISSIONS.map(row),
    '',
    `Whoever is signed in: ${routesOf(['signed-in'])}. Anybody: ${routesOf(['public'])} and the files of the page.`,
  ].join('\n');
}

test('SECURITY.md shows the rights as the table of routes has them', () => {
  const text = readFileSync('SECURITY.md', 'utf8');
  const shown = text.slice(text.indexOf(START) + START.length, text.indexOf(END));
  expect(shown.trim()).toBe(renderMatrix());
});
