import { type Grant, renderGrant } from '../../../proto/contract/access.js';

/** Who asks, once it is known. */
export type Principal =
  /** Whoever may open the administrator's socket, or holds a session that was made through it; `name` is what their tool says. */
  | { readonly kind: 'administrator'; readonly name: string | undefined }
  | { readonly kind: 'user'; readonly name: string; readonly grants: readonly Grant[] }
  | { readonly kind: 'api-token'; readonly id: string; readonly grants: readonly Grant[] }
  | { readonly kind: 'anonymous' };

export const ANONYMOUS: Principal = { kind: 'anonymous' };

/** Names an account for good: recorded with everything it does, and looked up again when that is carried out. */
export function principalName(principal: Principal): string {
  switch (principal.kind) {
    case 'administrator':
      return principal.name === undefined ? 'admin' : `admin:${principal.name}`;
    case 'user':
      return `user:${principal.name}`;
    case 'api-token':
      return `api-token:${principal.id}`;
    case 'anonymous':
      return 'anonymous';
  }
}

/** What account a recorded name means; `undefined` = none that could still be asked. */
export type AccountRef =
  | { readonly kind: 'administrator' }
  | { readonly kind: 'user'; readonly name: string }
  | { readonly kind: 'api-token'; readonly id: string };

export function parsePrincipalName(text: string): AccountRef | undefined {
  if (text === 'admin' || text.startsWith('admin:')) return { kind: 'administrator' };
  const [, kind, name] = /^(user|api-token):(.+)$/.exec(text) ?? [];
  if (kind === undefined || name === undefined) return undefined;
  return kind === 'user' ? { kind, name } : { kind: 'api-token', id: name };
}

/** The grants in words: "operator@cam viewer". */
export function roleText(principal: Principal): string {
  switch (principal.kind) {
    case 'administrator':
      return 'administrator';
    case 'anonymous':
      return 'none';
    case 'user':
    case 'api-token':
      return principal.grants.map(renderGrant).join(' ');
  }
}
