// Starts the privileged helper once per connection, as systemd does with Accept=yes: the connection is its standard input and
// output, and its peer the account of the agent. Arguments: SOCKET PROGRAM POLICY UID.
import { spawn } from 'node:child_process';
import { chmodSync, chownSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';

const [socket, program, policy, uid] = process.argv.slice(2);
let connections = 0;
rmSync(socket, { force: true });
createServer({ allowHalfOpen: true }, (connection) => {
  const peer = `${connections++}-0-${uid}`;
  const argv = ['--lite-mode', program, 'helper', '--peer', peer, '--policy', policy];
  const helper = spawn(process.execPath, argv, { stdio: ['pipe', 'pipe', 'inherit'] });
  for (const end of [connection, helper.stdin, helper.stdout]) end.on('error', () => connection.destroy());
  connection.pipe(helper.stdin);
  helper.stdout.pipe(connection);
}).listen(socket, () => {
  chownSync(socket, 0, Number(uid));
  chmodSync(socket, 0o660);
});
