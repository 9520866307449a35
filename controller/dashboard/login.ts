import { byId } from './draw/dom.js';
import { reasonOf } from './refusal.js';

/** The way in: by name and password, or by the code of a link, which is in the fragment and so never sent as an address. */

const said = byId('said', HTMLElement);
const form = byId('login', HTMLFormElement);
const password = byId('password', HTMLInputElement);

form.addEventListener('submit', (event) => {
  event.preventDefault();
  void enter('/api/v1/session', { user: byId('user', HTMLInputElement).value.trim(), password: password.value });
});

addEventListener('hashchange', followCode); // a link that is opened where this page is open already
followCode();

function followCode(): void {
  const code = location.hash.slice(1);
  if (code === '') return;
  history.replaceState(null, '', location.pathname); // it is worthless after this; nobody should bookmark it
  void enter('/api/v1/session/link', { code });
}

async function enter(path: string, body: unknown): Promise<void> {
  said.hidden = true;
  try {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(path, { method: 'POST', headers, body: JSON.stringify(body) });
    if (response.ok) {
      location.replace('/');
      return;
    }
    tell(await reasonOf(response));
  } catch {
    tell('The controller does not answer. Is it running?');
  }
}

function tell(text: string): void {
  said.textContent = text;
  said.hidden = false;
  password.value = '';
  password.focus();
}
