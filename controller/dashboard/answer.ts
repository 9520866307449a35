import type { SessionView } from '../../proto/contract/api/access.js';
import { byId } from './draw/dom.js';
import { reasonOf } from './refusal.js';

const RIGHT = 'nodes.maintain';

interface Answered {
  readonly id: string;
  readonly title: string;
}

/**
 * Says something about an incident, and that somebody sees to it. A dialog of its own: what is typed is not lost when the
 * incident is drawn anew.
 */
export class AnswerDialog {
  readonly #dialog = byId('answer', HTMLDialogElement);
  readonly #form = byId('answer-form', HTMLFormElement);
  readonly #about = byId('answer-about', HTMLElement);
  readonly #said = byId('answer-said', HTMLElement);
  readonly #text = byId('answer-text', HTMLTextAreaElement);
  readonly #isSeenTo = byId('answer-seen-to', HTMLInputElement);
  readonly #onAnswered: () => void;
  #csrfToken: string | undefined;
  #incident: Answered | undefined;

  /** @param onAnswered the incident has another story now */
  constructor(onAnswered: () => void) {
    this.#onAnswered = onAnswered;
  }

  get isOpen(): boolean {
    return this.#dialog.open;
  }

  /** Somewhere, at least: the controller refuses what is said about somebody else's site. */
  get mayAnswer(): boolean {
    return this.#csrfToken !== undefined;
  }

  prepare({ permissions, csrfToken }: SessionView): void {
    if (!permissions.includes(RIGHT) || csrfToken === undefined) return;
    this.#csrfToken = csrfToken;
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#submit();
    });
    byId('answer-close', HTMLButtonElement).addEventListener('click', () => {
      this.#dialog.close();
    });
  }

  open(incident: Answered): void {
    if (this.#incident?.id !== incident.id) this.#text.value = '';
    this.#incident = incident;
    this.#about.textContent = incident.title;
    this.#isSeenTo.checked = true;
    this.#said.hidden = true;
    this.#dialog.showModal();
    this.#text.focus();
  }

  async #submit(): Promise<void> {
    const text = this.#text.value.trim().replaceAll(/\s+/g, ' '); // a step of a story is one line
    if (text === '' && !this.#isSeenTo.checked) {
      this.#tell('There is nothing to say yet.');
      return;
    }
    try {
      if (text !== '') {
        const refused = await this.#post('comments', { text });
        if (refused !== undefined) return this.#tell(refused);
        this.#text.value = ''; // said: not a second time, whatever becomes of the rest
      }
      const refused = this.#isSeenTo.checked ? await this.#post('acknowledge') : undefined;
      if (refused !== undefined) return this.#tell(refused);
      this.#dialog.close();
    } catch {
      this.#tell('The controller does not answer; what was said may not have reached it.');
    } finally {
      this.#onAnswered();
    }
  }

  /** Why it was refused; `undefined` = it was not. */
  async #post(what: 'comments' | 'acknowledge', body?: object): Promise<string | undefined> {
    const path = `/api/v1/incidents/${encodeURIComponent(this.#incident?.id ?? '')}/${what}`;
    const csrf = { 'x-bramble-csrf': this.#csrfToken ?? '' };
    const content = body && { headers: { ...csrf, 'content-type': 'application/json' }, body: JSON.stringify(body) };
    const response = await fetch(path, { method: 'POST', headers: csrf, ...content });
    return response.ok ? undefined : await reasonOf(response);
  }

  #tell(text: string): void {
    this.#said.textContent = text;
    this.#said.hidden = false;
    this.#text.focus();
  }
}
