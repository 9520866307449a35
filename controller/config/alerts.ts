/** Who is told of incidents. Secrets are named by their files alone. */

import { z } from 'zod';

const filePath = z.string().startsWith('/', 'must be an absolute path').max(4_096);
const address = z.email('must be a mail address').max(254);

function httpUrl(text: string, context: z.RefinementCtx): void {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) {
    context.addIssue('must be an http or https URL');
  } else if (url.username !== '' || url.password !== '') {
    context.addIssue('must not hold a password: it would be seen wherever the URL is');
  }
}
const webUrl = z.string().max(2_048).superRefine(httpUrl);

export const Alerts = z
  .strictObject({
    /** Address of the page, for links. */
    page: webUrl.optional(),
    alertmanager: z.strictObject({ url: webUrl, tokenFile: filePath.optional() }).optional(),
    webhook: z.strictObject({ url: webUrl, secretFile: filePath }).optional(),
    mail: z
      .strictObject({
        host: z.string().min(1).max(255),
        port: z.number().int().min(1).max(65_535).default(587),
        security: z.enum(['starttls', 'tls', 'none']).default('starttls'),
        from: address,
        to: z.array(address).min(1).max(32),
        user: z.string().min(1).max(256).optional(),
        passwordFile: filePath.optional(),
      })
      .superRefine(({ user, passwordFile, security }, context) => {
        if ((user === undefined) !== (passwordFile === undefined))
          context.addIssue('user and passwordFile belong together');
        if (user !== undefined && security === 'none') context.addIssue('a password is never sent in clear');
      })
      .optional(),
  })
  .prefault({});
