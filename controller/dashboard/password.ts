import type { PasswordChanged, SessionView } from '../../proto/contract/api/access.js';
import { byId } from './draw/dom.js';
import { reasonOf } from './refusal.js';

/** Users have passwords; who came by a link of the administrator's has none. */
const USER = /^user:/;

/** Lets users replace their own password: a dialog that asks for the present one, because an open page proves nothing. */
export class PasswordDialog {
  readonly #dialog = byId('password', HTMLDialogElement);
  readonly #form = byId('password-form', HTMLFormElement);
  readonly #said = byId('password-said', HTMLElement);
  readonly #present = byId('password-present', HTMLInputElement);
  readonly #fresh = byId('password-new', HTMLInputElement);
  readonly #again = byId('password-again', HTMLInputElement);
  readonly #user = byId('password-user', HTMLInputElement);
  #csrfToken = '';

  get isOpen(): boolean {
    return this.#dialog.open;
  }

  /** Shows `button`, which opens the dialog, to who has a password. */
  offer(button: HTMLButtonElement, { name, csrfToken }: SessionView): void {
    if (!USER.test(name) || csrfToken === undefined) return;
    this.#csrfToken = csrfToken;
    this.#user.value = name.replace(USER, '');
    button.hidden = false;
    button.addEventListener('click', () => {
      this.#open();
    });
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#submit();
    });
    byId('password-close', HTMLButtonElement).addEventListener('click', () => {
      this.#dialog.close();
    });
    // However it is closed, no password stays in the page.
    this.#dialog.addEventListener('close', () => {
      this.#forget();
    });
  }

  #open(): void {
    this.#form.classList.remove('is-done');
    this.#said.hidden = true;
    this.#dialog.showModal();
    this.#present.focus();
  }

  async #submit(): Promise<void> {
    if (this.#fresh.value !== this.#again.value) {
      this.#tell('The new password is not the same both times.', this.#again);
      return;
    }
    const headers = { 'content-type': 'application/json', 'x-bramble-csrf': this.#csrfToken };
    const body = { user: this.#user.value, password: this.#present.value, newPassword: this.#fresh.value };
    try {
      const request = { method: 'POST', headers, body: JSON.stringify(body) };
      const response = await fetch('/api/v1/session/password', request);
      if (!response.ok) {
        // 401: the present one was wrong; anything else is about the new one.
        this.#tell(await reasonOf(response), response.status === 401 ? this.#present : this.#fresh);
        return;
      }
      const { sessionsEnded } = (await response.json()) as PasswordChanged; // checked by the server against the same schema
      this.#done(sessionsEnded);
    } catch {
      this.#tell('The controller does not answer; nothing is known to have changed.', this.#present);
    }
  }

  #tell(text: string, wrong: HTMLInputElement): void {
    this.#said.textContent = text;
    this.#said.hidden = false;
    wrong.value = '';
    wrong.focus();
  }

  #done(sessionsEnded: number): void {
    this.#forget();
    this.#form.classList.add('is-done');
    this.#said.hidden = false;
    const others = sessionsEnded === 1 ? 'one other session was' : `${sessionsEnded} other sessions were`;
    this.#said.textContent = `The password is changed${sessionsEnded === 0 ? '' : `; ${others} ended`}.`;
    byId('password-close', HTMLButtonElement).focus();
  }

  #forget(): void {
    for (const input of [this.#present, this.#fresh, this.#again]) input.value = '';
  }
}
