import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { BrambleError } from '../../proto/contract/errors.js';
import { visible } from '../../proto/contract/visible.js';

/** A controller under a name of the user's own: its administrator's socket, or its page with a file that holds a token. */
const ContextEntry = z.union([
  z.strictObject({ socket: z.string().min(1) }),
  z.strictObject({
    server: z.url({ protocol: /^https?$/ }),
    tokenFile: z.string().min(1).optional(),
    ca: z.string().min(1).optional(),
  }),
]);
export type ContextEntry = z.infer<typeof ContextEntry>;

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

const ConfigFile = z.strictObject({
  current: z.string().optional(),
  contexts: z.record(z.string().regex(NAME), ContextEntry).default({}),
});
export type ConfigFile = z.infer<typeof ConfigFile>;

/** $XDG_CONFIG_HOME/bramble/config.yaml, else below ~/.config; `undefined` when there is no home either. */
export function configPath(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const configHome = env['XDG_CONFIG_HOME'] ?? '';
  const home = env['HOME'] ?? '';
  if (configHome !== '') return `${configHome}/bramble/config.yaml`;
  return home === '' ? undefined : `${home}/.config/bramble/config.yaml`;
}

/** @throws BrambleError `invalid-argument`, which says where */
export function parseConfigFile(text: string, path: string): ConfigFile {
  const parsed = ConfigFile.safeParse(yamlOrUndefined(text) ?? {});
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue === undefined ? '' : `, ${issue.path.join('.')}: ${issue.message}`;
  throw new BrambleError('invalid-argument', `${path} is not understood${where}`, {
    hint: 'repair it, or remove it and say bramble context set again',
  });
}

export function renderConfigFile(file: ConfigFile): string {
  return stringify(file);
}

/** @throws BrambleError `invalid-argument` */
export function checkedContextName(name: string): string {
  if (NAME.test(name)) return name;
  throw new BrambleError('invalid-argument', `${visible(name, 80)} is no name for a context`, {
    hint: 'use letters, digits, ".", "_" and "-"',
  });
}

/** @throws BrambleError `not-found` */
export function contextNamed(file: ConfigFile, name: string): ContextEntry {
  const found = Object.hasOwn(file.contexts, name) ? file.contexts[name] : undefined;
  if (found !== undefined) return found;
  const names = Object.keys(file.contexts);
  throw new BrambleError('not-found', `there is no context ${visible(name, 80)}`, {
    hint: names.length > 0 ? `there is ${names.join(', ')}` : 'bramble context set NAME makes one',
  });
}

function yamlOrUndefined(text: string): unknown {
  try {
    return parse(text, { maxAliasCount: 0 });
  } catch {
    return { notYaml: true }; // the schema refuses it, and the caller says so
  }
}
