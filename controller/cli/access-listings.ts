import type { ApiTokenView, UserView } from '../../proto/contract/api/access.js';
import type { AuditView } from '../../proto/contract/api/audit.js';
import { grantText } from './commands/grant-option.js';
import { ago } from './listings.js';
import type { Listing } from './output.js';

export function userListing(nowMs: number): Listing<UserView> {
  return {
    columns: [
      { title: 'NAME', text: (user) => user.name },
      { title: 'STATE', text: stateOf, tone: (user) => (user.disabled ? 'dim' : 'good') },
      { title: 'ROLES', text: (user) => grantText(user.grants) },
      { title: 'PASSWORD', text: (user) => ago(user.passwordSetAtMs, nowMs) },
      { title: 'MADE', text: (user) => ago(user.createdAtMs, nowMs), wide: true },
      { title: 'BY', text: (user) => user.createdBy, wide: true },
    ],
    name: (user) => `user/${user.name}`,
    empty: 'No users yet. `bramble user add NAME --grant viewer` makes one.',
  };
}

function stateOf({ disabled }: UserView): string {
  return disabled ? 'disabled' : 'enabled';
}

export function apiTokenListing(nowMs: number): Listing<ApiTokenView> {
  return {
    columns: [
      { title: 'ID', text: (token) => token.id },
      { title: 'STATE', text: (token) => token.state, tone: (token) => (token.state === 'usable' ? 'good' : 'dim') },
      { title: 'ROLES', text: (token) => grantText(token.grants) },
      { title: 'USED', text: (token) => ago(token.lastUsedAtMs, nowMs) },
      { title: 'UNTIL', text: (token) => new Date(token.expiresAtMs).toISOString().slice(0, 10) },
      { title: 'LABEL', text: (token) => token.label },
      { title: 'BY', text: (token) => token.createdBy, wide: true },
    ],
    name: (token) => `api-token/${token.id}`,
    empty: 'No API tokens yet. `bramble api-token create --label prometheus --grant viewer` makes one.',
  };
}

export function auditListing(): Listing<AuditView> {
  const detailText = ({ details }: AuditView): string =>
    Object.entries(details)
      .map(([name, value]) => `${name}=${String(value)}`)
      .join(' ');
  return {
    columns: [
      { title: 'NO', text: (record) => String(record.sequence) },
      { title: 'TIME', text: (record) => `${new Date(record.atMs).toISOString().slice(0, 19)}Z` },
      { title: 'WHO', text: (record) => record.actor },
      { title: 'ROLE', text: (record) => record.role, wide: true },
      { title: 'FROM', text: (record) => record.source },
      { title: 'ACTION', text: (record) => record.action },
      { title: 'TARGET', text: (record) => record.target },
      { title: 'OUTCOME', text: (record) => record.outcome, tone: (record) => TONES[record.outcome] },
      { title: 'REQUEST', text: (record) => record.requestId, wide: true },
      { title: 'DETAILS', text: detailText },
    ],
    name: (record) => `audit/${record.sequence}`,
    empty: 'Nothing was recorded that fits.',
  };
}

const TONES = { done: 'good', denied: 'bad', failed: 'dim' } as const;
