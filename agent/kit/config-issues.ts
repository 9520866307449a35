import type * as z from 'zod/mini';

type Issue = z.core.$ZodIssue;

/** "path: what is wrong" for people; one line per problem. Short forms of zod carry no texts of their own. */
export function describeIssue(issue: Issue): readonly string[] {
  return describeAt(issue, []);
}

function describeAt(issue: Issue, outer: readonly PropertyKey[]): readonly string[] {
  const path = [...outer, ...issue.path];
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => `${pathText([...path, key])}: unknown key`);
  if (issue.code === 'invalid_union') {
    // The form that was meant is the one that went wrong further in.
    const meant = issue.errors.find((errors) => errors.every((error) => error.path.length > 0));
    if (meant !== undefined) return meant.flatMap((error) => describeAt(error, path));
  }
  const at = pathText(path);
  return [`${at === '' ? 'the file' : `${at}:`} ${what(issue)}`];
}

function what(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? 'is missing' : `must be ${TYPES.get(issue.expected) ?? issue.expected}`;
    case 'invalid_value':
      return `must be one of ${issue.values.map(String).join(', ')}`;
    case 'invalid_key':
      return issue.issues[0]?.message ?? 'has a name that is not allowed';
    default:
      return issue.message;
  }
}

const TYPES: ReadonlyMap<string, string> = new Map([
  ['string', 'text'],
  ['array', 'a list'],
  ['object', 'a mapping of keys to values'],
  ['record', 'a mapping of names to values'],
]);

function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((step, i) => (typeof step === 'number' ? `[${step}]` : `${i === 0 ? '' : '.'}${String(step)}`))
    .join('');
}
