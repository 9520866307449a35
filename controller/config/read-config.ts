import { open } from 'node:fs/promises';
import { isAlias, LineCounter, parseDocument, visit } from 'yaml';
import { BrambleError } from '../../proto/contract/errors.js';

const CONFIG_BYTES_MAX = 1024 * 1024;

/**
 * What a YAML file of configuration holds, not judged yet: plain data only. Tags and aliases are refused: no setting needs
 * them, and a few lines of aliases can mean gigabytes.
 * @throws BrambleError `failed-precondition` (not readable), `invalid-argument` with the line
 */
export async function readConfigFile(path: string): Promise<unknown> {
  return parseConfigText(await readBounded(path), path);
}

export function parseConfigText(text: string, path: string): unknown {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  // A tag that nobody knows is a warning to the parser.
  const [wrong] = [...document.errors, ...document.warnings];
  if (wrong !== undefined) throw notUsable(path, lines.linePos(wrong.pos[0]).line, wrong.message);
  visit(document, {
    Node: (_key, node) => {
      if (!isAlias(node)) return;
      throw notUsable(path, lines.linePos(node.range?.[0] ?? 0).line, `aliases (*${node.source}) are not allowed`);
    },
  });
  return document.toJS();
}

/** Never more than one byte too many, whatever the name leads to. */
async function readBounded(path: string): Promise<string> {
  try {
    const file = await open(path, 'r');
    try {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(CONFIG_BYTES_MAX + 1), 0, CONFIG_BYTES_MAX + 1, 0);
      if (bytesRead > CONFIG_BYTES_MAX) throw new BrambleError('invalid-argument', `${path} is larger than 1 MiB`);
      return buffer.toString('utf8', 0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (cause) {
    if (cause instanceof BrambleError) throw cause;
    throw new BrambleError('failed-precondition', `cannot read the configuration ${path}: ${String(cause)}`, {
      hint: 'name the right file with --config',
      cause,
    });
  }
}

function notUsable(path: string, line: number, what: string): BrambleError {
  return new BrambleError('invalid-argument', `${path}, line ${line}: ${what.split('\n', 1)[0] ?? what}`, {
    hint: 'correct the line and start again; OPERATIONS.md lists every setting',
  });
}
