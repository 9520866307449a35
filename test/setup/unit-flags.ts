import { readFileSync } from 'node:fs';

/** The flags that the agent's unit gives to Node: what users run is what is tested and measured. */
export function unitFlags(): readonly string[] {
  const unit = readFileSync('agent/pi/packaging/bramble-agent.service', 'utf8');
  const line = /^ExecStart=\/usr\/bin\/node (.*) \/usr\/lib\/bramble\/bramble-agent\.mjs/m.exec(unit);
  if (line?.[1] === undefined) throw new Error('the unit has no ExecStart of the expected form');
  return line[1].split(' ');
}
