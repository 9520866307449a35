/**
 * Takes secrets out of text that leaves the node: logs, settings, reports. It errs on the side of taking too much, and is no
 * licence to put secrets into a log: what it cannot recognise (a password in plain prose) stays.
 */

const GONE = '[redacted]';

/** A whole block, or its begin and what follows of base64 when a log has cut it. Bounded, so that no text makes it slow. */
const PEM =
  /-----BEGIN ([A-Za-z0-9 ]{1,64})-----(?:[\s\S]{0,8192}?-----END \1-----|(?:\\n|\s|[A-Za-z0-9+/=]){0,8192})/g;

/** Words in a name that make its value a secret. */
const SECRET_WORD =
  'pass(?:word|wd|phrase|code)|psk|secret|token|credential|cookie|api[_-]?key|(?:private|preshared|shared|encryption|signing|wep|access)[_-]?key|authorization';
const NAME = String.raw`[\w.-]{0,40}(?:${SECRET_WORD})[\w.-]{0,40}`;
/**
 * In double quotes (as JSON within JSON escapes them, or plain), in single ones, in quotes that a log has cut; else up to the
 * next blank or separator.
 */
const VALUE = [
  String.raw`\\"(?:[^"\\\n]|\\[^"\n])*\\"`,
  String.raw`"(?:[^"\\\n]|\\[^\n])*"`,
  String.raw`'[^'\n]*'`,
  String.raw`\\?["'][^\n]*`,
  String.raw`[^\s"',;}\]]+`,
].join('|');

/** name=value, name: value, "name": "value", <name>value</name>. */
const ASSIGNMENT = new RegExp(
  `\\b(${NAME}(?:\\\\?["'])?\\s{0,8}[=:>]\\s{0,8})(?:(?:Bearer|Basic|Digest)\\s+)?(?:${VALUE})`,
  'gi',
);
/** --name value. */
const OPTION = new RegExp(`(--${NAME}\\s{1,8})(?:${VALUE})`, 'gi');

const SCHEME = /\b(Bearer|Basic)(\s{1,8})[A-Za-z0-9._~+/=-]{8,}/g;
/** user:password@ in an address. */
const USER_INFO = /\b([a-z][a-z0-9+.-]{0,20}:\/\/)[^\s/@:]{0,256}:[^\s/@]{1,256}@/gi;
/** Join tokens of ours, and JSON web tokens. */
const OWN_TOKEN = /\bbt\d_[A-Za-z0-9_]+/g;
const WEB_TOKEN = /\beyJ[\w-]+\.[\w-]+(?:\.[\w-]+)?/g;
/** A line of a key without its frame, as logs have them. */
const BASE64 = /[A-Za-z0-9+/]{44,}={0,2}/g;

export function redact(text: string): string {
  return text
    .replace(PEM, GONE)
    .replace(USER_INFO, `$1${GONE}@`)
    .replace(OWN_TOKEN, GONE)
    .replace(WEB_TOKEN, GONE)
    .replace(ASSIGNMENT, `$1${GONE}`)
    .replace(OPTION, `$1${GONE}`)
    .replace(SCHEME, `$1$2${GONE}`)
    .replace(BASE64, (run) => (looksRandom(run) ? GONE : run));
}

/** Keys mix all kinds of characters; checksums in hex, paths and long words do not. */
function looksRandom(run: string): boolean {
  return /[A-Z]/.test(run) && /[a-z]/.test(run) && /\d/.test(run);
}
