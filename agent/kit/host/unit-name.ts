/** Longest unit name, characters. Source: systemd, UNIT_NAME_MAX. */
const UNIT_NAME_MAX = 255;

/** Begins with a letter or digit: a name must never read as an option or a pattern. Source: systemd.unit(5). */
const UNIT_NAME = /^[A-Za-z0-9_][A-Za-z0-9:_.\\@-]*\.(service|socket|timer|path|mount|target)$/;

/** A full name of a unit that can be restarted, such as "ssh.service" or "getty@tty1.service". */
export function isUnitName(text: string): boolean {
  return text.length <= UNIT_NAME_MAX && UNIT_NAME.test(text);
}
