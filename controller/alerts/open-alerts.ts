import { readFile, stat } from 'node:fs/promises';
import type { Clock } from '../../proto/contract/clock.js';
import { BrambleError } from '../../proto/contract/errors.js';
import { Secret } from '../../proto/contract/secret.js';
import { AlertSender } from '../usecases/alerts/alert-sender.js';
import type { AlertChannel, AlertSettings } from '../usecases/alerts/ports.js';
import type { Store, World } from '../usecases/ports.js';
import { Alertmanager } from './alertmanager.js';
import { Mail } from './mail.js';
import { Webhook } from './webhook.js';

const SECRET_BYTES_MAX = 4_096;
/** Read or write for whoever is neither the owner nor of the group. */
const FOR_OTHERS = 0o006;

interface OpenedAlerts {
  readonly channels: readonly AlertChannel[];
  /** From now on they are told. To be stopped before the store is closed. */
  start(parts: { readonly store: Store; readonly world: World }): AlertSender;
}

/** Everybody whom the configuration names. @throws BrambleError `failed-precondition` for a secret that cannot be used */
export async function openAlerts(config: AlertSettings, clock: Clock): Promise<OpenedAlerts> {
  const channels = await openChannels(config, clock);
  const page = config.page?.replace(/\/+$/, '');
  return {
    channels,
    start(parts) {
      const linkOf = (incident: string) => (page === undefined ? undefined : `${page}/#incident=${incident}`);
      const sender = new AlertSender({ ...parts, channels, linkOf });
      sender.start();
      return sender;
    },
  };
}

async function openChannels(config: AlertSettings, clock: Clock): Promise<readonly AlertChannel[]> {
  const { alertmanager, webhook, mail } = config;
  const channels: AlertChannel[] = [];
  if (alertmanager !== undefined) {
    const token = alertmanager.tokenFile === undefined ? undefined : await readSecret(alertmanager.tokenFile);
    channels.push(new Alertmanager(alertmanager.url, token, clock));
  }
  if (webhook !== undefined) channels.push(new Webhook(webhook.url, await readSecret(webhook.secretFile), clock));
  if (mail !== undefined) {
    const { user, passwordFile, ...terms } = mail;
    const login =
      user === undefined || passwordFile === undefined ? undefined : { user, password: await readSecret(passwordFile) };
    channels.push(new Mail({ ...terms, login }));
  }
  return channels;
}

async function readSecret(path: string): Promise<Secret> {
  const unusable = (why: string, cause?: unknown): BrambleError =>
    new BrambleError('failed-precondition', `the secret in ${path} ${why}`, {
      hint: 'it is a file of one line that only the controller’s user and group can read',
      ...(cause === undefined ? {} : { cause }),
    });
  try {
    const { mode, size } = await stat(path);
    if ((mode & FOR_OTHERS) !== 0) throw unusable('can be read by anybody');
    if (size > SECRET_BYTES_MAX) throw unusable('is too long');
    const text = (await readFile(path, 'utf8')).trim();
    if (text === '') throw unusable('is empty');
    return new Secret(text);
  } catch (thrown) {
    throw thrown instanceof BrambleError ? thrown : unusable('cannot be read', thrown);
  }
}
