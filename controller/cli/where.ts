import { BrambleError } from '../../proto/contract/errors.js';
import type { Secret } from '../../proto/contract/secret.js';
import { visible } from '../../proto/contract/visible.js';
import { type ContextEntry, configPath, contextNamed, parseConfigFile } from './config-file.js';
import type { CliHost } from './context.js';
import type { Where } from './transport.js';

/** What the command line says of where the controller is. */
export interface WhereOptions {
  readonly socket?: string;
  readonly server?: string;
  readonly context?: string;
  readonly tokenFile?: string;
  readonly ca?: string;
}

/**
 * What was said, else the environment, else the current context, else the controller of `npm start` in this directory,
 * else the installed one.
 * @throws BrambleError `not-found` (context), `invalid-argument` (address, config file)
 */
export function whereOf(options: WhereOptions, host: CliHost): Where {
  const { env, exists } = host;
  const entry = saidOf(options) ?? saidOf(fromEnvironment(env)) ?? currentContext(host);
  if (typeof entry === 'string') return pick(contextNamed(readConfig(host), entry), options, host);
  if (entry !== undefined) return pick(entry, options, host);
  const local = '.bramble/admin.sock';
  return { kind: 'socket', path: exists(local) ? local : '/var/lib/bramble/admin.sock' };
}

/** A context by its name, or what stands in for one. */
type Said = ContextEntry | string;

function saidOf({ context, server, socket }: WhereOptions): Said | undefined {
  if (server !== undefined) return { server };
  if (socket !== undefined) return { socket };
  return context;
}

function fromEnvironment(env: CliHost['env']): WhereOptions {
  const given = (name: string): string | undefined => (env[name] === '' ? undefined : env[name]);
  const [socket, server, context] = [given('BRAMBLE_SOCKET'), given('BRAMBLE_SERVER'), given('BRAMBLE_CONTEXT')];
  // Of several the most direct counts; the socket was there first.
  if (socket !== undefined) return { socket };
  if (server !== undefined) return { server };
  return context === undefined ? {} : { context };
}

function currentContext(host: CliHost): Said | undefined {
  return readConfig(host).current;
}

function readConfig({ env, readTextIfThere }: CliHost): ReturnType<typeof parseConfigFile> {
  const path = configPath(env);
  const text = path === undefined ? undefined : readTextIfThere(path);
  return path === undefined || text === undefined ? { contexts: {} } : parseConfigFile(text, path);
}

function pick(entry: ContextEntry, options: WhereOptions, host: CliHost): Where {
  if ('socket' in entry) return { kind: 'socket', path: entry.socket };
  const caPath = options.ca ?? entry.ca;
  return {
    kind: 'server',
    url: checkedUrl(entry.server),
    token: tokenOf(options.tokenFile ?? entry.tokenFile, host),
    ...(caPath === undefined ? {} : { caPem: readCa(caPath, host) }),
  };
}

/** A token is read from a file: command lines and environments are seen by others. */
function tokenOf(path: string | undefined, { env, readSecretFile }: CliHost): Secret | undefined {
  const file = path ?? env['BRAMBLE_TOKEN_FILE'] ?? '';
  return file === '' ? undefined : readSecretFile(file);
}

function readCa(path: string, { readTextIfThere }: CliHost): string {
  const text = readTextIfThere(path);
  if (text !== undefined) return text;
  throw new BrambleError('invalid-argument', `the certificates ${visible(path, 500)} cannot be read`, {
    hint: 'name a PEM file with --ca, or with bramble context set NAME --ca FILE',
  });
}

function checkedUrl(text: string): string {
  if (URL.canParse(text)) return text;
  throw new BrambleError('invalid-argument', `--server ${visible(text)} is not an address`, {
    hint: 'it looks like http://127.0.0.1:8080',
  });
}
