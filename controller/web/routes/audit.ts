import type { Handlers } from '../mount.js';
import type { WebOptions } from '../options.js';
import type { AUDIT_ROUTES } from '../table/audit.js';

export function auditHandlers({ audit }: WebOptions): Handlers<typeof AUDIT_ROUTES> {
  return {
    listAudit: ({ query, caller }) => audit.list(query, caller),
    verifyAudit: ({ caller }) => audit.verify(caller),
  };
}
