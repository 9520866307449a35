import type { SessionView } from '../../proto/contract/api/access.js';

const LOGIN_PAGE = '/login.html';

/** Who is signed in; leaves for the login page when nobody is. @throws Error when the controller is away */
export async function requireSession(): Promise<SessionView> {
  const response = await fetch('/api/v1/session', { headers: { accept: 'application/json' } });
  leaveWhenSignedOut(response);
  if (!response.ok) throw new Error(`the controller answered with status ${response.status}`);
  return (await response.json()) as SessionView; // checked by the server against the same schema
}

/** A session that has ended shows in any answer. */
export function leaveWhenSignedOut(response: Response): void {
  if (response.status === 401) location.assign(LOGIN_PAGE);
}

/** Shows who is signed in, and lets them go. @throws Error when the controller is away */
export async function showSession(place: {
  readonly name: HTMLElement;
  readonly button: HTMLButtonElement;
}): Promise<SessionView> {
  const session = await requireSession();
  const { name, csrfToken } = session;
  place.name.textContent = name.replace(/^(user|admin):/, '');
  place.button.hidden = csrfToken === undefined;
  place.button.addEventListener('click', () => {
    void signOut(csrfToken ?? '');
  });
  return session;
}

async function signOut(csrfToken: string): Promise<void> {
  await fetch('/api/v1/session', { method: 'DELETE', headers: { 'x-bramble-csrf': csrfToken } });
  location.assign(LOGIN_PAGE);
}
