import type { NodeConfig } from '../../../proto/contract/node-config/config.js';
import type { ConfigAllowance } from './machine.js';

/** What of a config root's own list does not allow, all of it; empty = nothing. */
export function allowanceProblems(config: NodeConfig, allowance: ConfigAllowance): readonly string[] {
  const { hostname, authorizedKeys, ntpServers, sysctls, units, bootSet } = config;
  const beyond = (what: string, wanted: object | undefined, allowed: readonly string[]): readonly string[] =>
    Object.keys(wanted ?? {}).flatMap((name) => (allowed.includes(name) ? [] : [`${what} ${name}`]));
  return [
    ...(hostname !== undefined && !allowance.hostname ? ['hostname'] : []),
    ...beyond('authorized keys of', authorizedKeys, allowance.users),
    ...(ntpServers !== undefined && !allowance.ntp ? ['ntp servers'] : []),
    ...beyond('sysctl', sysctls, allowance.sysctls),
    ...beyond('unit', units, allowance.units),
    // What a fileserver does with it is in its own program, with a file of root's of its own.
    ...(bootSet === undefined ? [] : ['boot ports']),
  ];
}

/** `undefined` when it is no such list. `problems` gets every reason why. */
export function parseAllowance(value: unknown, problems: string[]): ConfigAllowance {
  const isRecord = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isRecord) problems.push('config must be a set of named parts');
  const fields: Readonly<Record<string, unknown>> = isRecord ? { ...value } : {};
  const { hostname = false, ntp = false, users = [], sysctls = [], units = [], ...rest } = fields;
  for (const name of Object.keys(rest)) problems.push(`unknown field ${JSON.stringify(`config.${name}`)}`);
  const flag = (name: string, given: unknown): boolean => {
    if (typeof given !== 'boolean') problems.push(`config.${name} must be true or false`);
    return given === true;
  };
  const names = (name: string, given: unknown): readonly string[] => {
    const list: readonly unknown[] = Array.isArray(given) ? given : [];
    const texts = list.filter((each) => typeof each === 'string');
    if (!Array.isArray(given) || texts.length !== list.length) problems.push(`config.${name} must be a list of names`);
    return texts;
  };
  return {
    hostname: flag('hostname', hostname),
    ntp: flag('ntp', ntp),
    users: names('users', users),
    sysctls: names('sysctls', sysctls),
    units: names('units', units),
  };
}
