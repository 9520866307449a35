import { BrambleError } from '../../../proto/contract/errors.js';
import { visible } from '../../../proto/contract/visible.js';
import { renderBytes, renderDuration } from '../../../proto/contract/words.js';
import type { Address, Check, Finding, Gathered } from './gathered.js';

const DAY_MS = 86_400_000;
const PAGE_CERTIFICATE = { warnMs: 21 * DAY_MS, failMs: 3 * DAY_MS } as const;
const FREE_BYTES_MIN = 200 * 1024 ** 2;

const READ_THE_LOG = 'read its log: journalctl -u bramble-controller -n 50';
const LOOK_AT_SERVICE =
  'on the controller’s machine: systemctl status bramble-controller, then journalctl -u bramble-controller -n 50; to try Bramble out: npm start';

/** Whether the command line, the environment or a context names a controller at all. */
export const checkAddress: Check = ({ address }) => {
  if ('error' in address) return [failed('address', address.error)];
  const at = address.value.kind === 'socket' ? `the socket ${address.value.path}` : address.value.url;
  return [{ check: 'address', verdict: 'ok', message: `the controller is looked for at ${visible(at, 500)}` }];
};

/** Whether the name of its host has an address. */
export const checkDns: Check = ({ addresses, address }) => {
  if (addresses === undefined || 'error' in address || address.value.kind === 'socket') return [];
  const host = visible(address.value.host);
  if ('value' in addresses) {
    return [{ check: 'dns', verdict: 'ok', message: `${host} is ${visible(addresses.value.join(', '))}` }];
  }
  const isUnknown = codeOf(addresses.error) === 'ENOTFOUND';
  return [
    {
      check: 'dns',
      verdict: 'fail',
      message: isUnknown ? `the name ${host} has no address` : `nobody says which address ${host} has`,
      remedy: isUnknown
        ? 'correct the name (bramble context list shows it), or have it put into DNS or /etc/hosts'
        : 'see whether this machine has a network and a name server: cat /etc/resolv.conf',
    },
  ];
};

/** Whether something listens there. */
export const checkPort: Check = ({ port, address }) => {
  if (port === undefined || 'error' in address || address.value.kind === 'socket') return [];
  const at = `${visible(address.value.host)} port ${address.value.port}`;
  if ('value' in port) return [{ check: 'port', verdict: 'ok', message: `${at} takes connections` }];
  const isRefused = codeOf(port.error) === 'ECONNREFUSED';
  return [
    {
      check: 'port',
      verdict: 'fail',
      message: isRefused ? `nothing listens at ${at}` : `${at} does not answer: ${visible(port.error.message)}`,
      remedy: isRefused
        ? LOOK_AT_SERVICE
        : 'see whether a firewall or a missing route is between here and there; the page listens on loopback alone unless http.host says otherwise',
    },
  ];
};

/** Whether clients trust the page's certificate, and for how long. */
export const checkPageCertificate: Check = ({ pageCertificate, nowMs }) => {
  if (pageCertificate === undefined) return [];
  const check = 'page-certificate';
  if ('error' in pageCertificate) {
    const remedy = 'the port may speak another protocol: http:// instead of https://, or another program';
    return [{ check, verdict: 'fail', message: `no TLS: ${visible(pageCertificate.error.message)}`, remedy }];
  }
  const { expiresAtMs, refusedBecause } = pageCertificate.value;
  const leftMs = expiresAtMs - nowMs;
  const remedy = 'put a new one where http.tls of the controller names it, and restart the controller';
  if (leftMs <= 0) {
    return [{ check, verdict: 'fail', message: `it ended ${renderDuration(-leftMs)} ago`, remedy }];
  }
  if (refusedBecause !== undefined) {
    return [
      {
        check,
        verdict: 'fail',
        message: `it is not trusted: ${visible(refusedBecause)}`,
        remedy: 'name the authority that signed it with --ca FILE, and use a name that the certificate has',
      },
    ];
  }
  const message = `it is trusted, and good for ${renderDuration(leftMs)}`;
  if (leftMs > PAGE_CERTIFICATE.warnMs) return [{ check, verdict: 'ok', message }];
  return [{ check, verdict: leftMs > PAGE_CERTIFICATE.failMs ? 'warn' : 'fail', message, remedy }];
};

/** Whether a controller answers, and if not, what is known of why. */
export const checkController: Check = (gathered) => {
  const { answered, address } = gathered;
  if (answered === undefined || 'error' in address) return [];
  if ('value' in answered) {
    const message = `a controller answers, within ${Math.ceil(answered.value.roundTripMs)} ms`;
    return [{ check: 'controller', verdict: 'ok', message }];
  }
  return [...silent(address.value, answered.error), ...besideSocket(gathered)];
};

function silent(address: Address, error: BrambleError): readonly Finding[] {
  const check = 'controller';
  if (address.kind === 'server') return [failed(check, error)];
  const path = visible(address.path, 500);
  switch (codeOf(error)) {
    case 'ENOENT':
      return [
        {
          check,
          verdict: 'fail',
          message: `there is no socket ${path}: no controller runs on this machine with that data directory`,
          remedy: `${LOOK_AT_SERVICE}; if it is elsewhere, say where with --socket, --server or --context`,
        },
      ];
    case 'ECONNREFUSED':
      return [
        {
          check,
          verdict: 'fail',
          message: `${path} was left behind by a controller that no longer runs`,
          remedy: LOOK_AT_SERVICE,
        },
      ];
    default:
      return [failed(check, error)];
  }
}

function besideSocket({ beside }: Gathered): readonly Finding[] {
  const found: Finding[] = [];
  if (beside?.isRestoreUnfinished === true) {
    found.push({
      check: 'restore',
      verdict: 'fail',
      message: 'a restore into its data directory was cut off: the controller does not start on it',
      remedy: 'run bramble restore again with the same backup',
    });
  }
  if (beside?.freeBytes !== undefined && beside.freeBytes < FREE_BYTES_MIN) {
    found.push({
      check: 'space',
      verdict: 'fail',
      message: `its data directory has only ${renderBytes(beside.freeBytes)} left`,
      remedy: 'make room on that filesystem, then start the controller',
    });
  }
  return found;
}

/** Whether the controller tells this caller what the other checks need. */
export const checkRights: Check = ({ facts }) => {
  if (facts === undefined || 'value' in facts) return [];
  const { error } = facts;
  if (error.code === 'not-found') {
    return [
      {
        check: 'rights',
        verdict: 'warn',
        message: 'this controller is too old to be examined',
        remedy: 'upgrade the controller; it comes before its agents and its tools',
      },
    ];
  }
  if (error.code === 'unauthenticated' || error.code === 'permission-denied') return [failed('rights', error)];
  // It answers, and cannot say how it is: what it leans on does not.
  return [{ ...failed('facts', error), remedy: `curl its /readyz, which says what is not ready; ${READ_THE_LOG}` }];
};

/** An error in the words that it came with. */
function failed(check: string, error: BrambleError): Finding {
  const remedy = error.hint === undefined ? {} : { remedy: visible(error.hint, 500) };
  return { check, verdict: 'fail', message: visible(error.message, 500), ...remedy };
}

/** The system's word for it, below what a transport made of it. */
function codeOf(error: BrambleError): string | undefined {
  const { cause } = error;
  if (cause instanceof BrambleError) return codeOf(cause);
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined;
}
