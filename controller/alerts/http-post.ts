import { BrambleError } from '../../proto/contract/errors.js';

const ANSWER_WITHIN_MS = 10_000;
const TOO_MANY = 429;
const REQUEST_TIMEOUT = 408;

/**
 * Posts JSON and wants a 2xx. No redirect is followed: it could carry a secret to somebody else.
 * @throws BrambleError `invalid-argument` when the receiver refuses what it was sent, `unavailable` for anything else
 */
export async function postJson(
  url: string,
  body: string,
  headers: Readonly<Record<string, string>>,
  what: string,
): Promise<void> {
  let response: Response;
  try {
    response = await fetch(url, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', ...headers },
      redirect: 'error',
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
  } catch (thrown) {
    throw new BrambleError('unavailable', `${what} is not reached`, { cause: thrown });
  }
  await response.body?.cancel();
  if (response.ok) return;
  const { status } = response;
  // A wrong address or a wrong password is corrected some time; a body that is refused stays refused.
  const isRefused = status === 400 || status === 413 || status === 422;
  const isLater = status === TOO_MANY || status === REQUEST_TIMEOUT;
  const code = isRefused && !isLater ? 'invalid-argument' : 'unavailable';
  throw new BrambleError(code, `${what} answered with status ${status}`);
}
