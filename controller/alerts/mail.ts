import { createTransport, type Transporter } from 'nodemailer';
import { BrambleError } from '../../proto/contract/errors.js';
import type { Secret } from '../../proto/contract/secret.js';
import type { Alert, AlertChannel, MailSettings } from '../usecases/alerts/ports.js';

const ANSWER_WITHIN_MS = 20_000;
const [PERMANENT_FIRST, PERMANENT_LAST] = [550, 559];

interface MailTerms extends Omit<MailSettings, 'user' | 'passwordFile'> {
  readonly login: { readonly user: string; readonly password: Secret } | undefined;
}

/** Mail, by SMTP. What closes an incident answers what opened it, so that a reader finds both together. */
export class Mail implements AlertChannel {
  readonly name = 'mail';
  readonly repeatMs = undefined;
  readonly #terms: MailTerms;
  readonly #transport: Transporter;

  constructor(terms: MailTerms) {
    const { host, port, security, login } = terms;
    this.#terms = terms;
    this.#transport = createTransport({
      ...{ host, port, secure: security === 'tls', requireTLS: security === 'starttls' },
      ignoreTLS: security === 'none',
      connectionTimeout: ANSWER_WITHIN_MS,
      greetingTimeout: ANSWER_WITHIN_MS,
      socketTimeout: ANSWER_WITHIN_MS,
      // A message is text that we made: it brings in no file and no page.
      disableFileAccess: true,
      disableUrlAccess: true,
      ...(login === undefined ? {} : { auth: { user: login.user, pass: login.password.reveal() } }),
    });
  }

  async send(alert: Alert): Promise<void> {
    const { from, to } = this.#terms;
    const domain =
      from
        .split('@')
        .at(-1)
        ?.replace(/[^A-Za-z0-9.-]/g, '') ?? 'localhost';
    const opened = `<${alert.incident}@${domain}>`;
    const isOver = alert.endedAtMs !== undefined;
    const thread = isOver
      ? { messageId: `<${alert.incident}.closed@${domain}>`, inReplyTo: opened, references: opened }
      : { messageId: opened };
    const subject = `${isOver ? 'Closed' : alert.severity === 'critical' ? 'CRITICAL' : 'Warning'}: ${alert.title}`;
    const where = alert.site === '' ? [] : [`Site: ${alert.site}`];
    const link = alert.link === undefined ? [] : ['', alert.link];
    const text = [alert.title, ...where, '', alert.text, ...link, ''].join('\n');
    try {
      await this.#transport.sendMail({ from, to: [...to], subject, text, ...thread });
    } catch (thrown) {
      throw new BrambleError(isRefused(thrown) ? 'invalid-argument' : 'unavailable', 'the mail was not taken', {
        cause: thrown,
      });
    }
  }
}

/** Replies 550 to 559 to the message itself are for ever; a refused login is corrected some time. */
function isRefused(thrown: unknown): boolean {
  if (typeof thrown !== 'object' || thrown === null || !('responseCode' in thrown)) return false;
  const code = Number(thrown.responseCode);
  return code >= PERMANENT_FIRST && code <= PERMANENT_LAST;
}
