/** A user of the system, as far as its keys are concerned. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

/** From the text of /etc/passwd; `undefined` when it is not there. Source: passwd(5). */
export function accountOf(user: string, passwd: string): Account | undefined {
  const fields = passwd
    .split('\n')
    .map((line) => line.split(':'))
    .find(([name]) => name === user);
  const [, , uid = '', gid = '', , home = ''] = fields ?? [];
  if (!/^\d+$/.test(uid) || !/^\d+$/.test(gid) || !home.startsWith('/')) return undefined;
  return { uid: Number(uid), gid: Number(gid), home };
}
