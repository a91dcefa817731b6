import { ApiError, getExplanation, login } from './api.js';
import { byId, make, setText } from './elements.js';

/**
 * @param {string} title
 * @param {string} text
 * @returns {Promise<boolean>} whether it was agreed to
 */
export function confirmForget(title, text) {
  const dialog = byId('confirm', HTMLDialogElement);
  setText(byId('confirm-title', HTMLElement), title);
  setText(byId('confirm-text', HTMLElement), text);
  dialog.returnValue = 'cancel';
  dialog.showModal();
  return new Promise(resolve => {
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'ok'), { once: true });
  });
}

/** @param {string} path relative to the mount point */
export async function showWhy(path) {
  const { path: explained, headline, advice, facts } = await getExplanation(path);
  setText(byId('why-title', HTMLElement), `${headline[0]?.toUpperCase()}${headline.slice(1)}`);
  setText(byId('why-advice', HTMLElement), advice);
  setText(byId('why-path', HTMLElement), explained);
  const rows = facts.flatMap(({ label, text }) => [make('dt', {}, label), make('dd', {}, text)]);
  byId('why-facts', HTMLElement).replaceChildren(...rows);
  byId('why', HTMLDialogElement).showModal();
}

/** Asks for the token until one is right. */
export function askForToken() {
  const dialog = byId('login', HTMLDialogElement);
  const form = byId('login-form', HTMLFormElement);
  const token = byId('token', HTMLInputElement);
  const trouble = byId('login-error', HTMLElement);
  if (!dialog.open) dialog.showModal();
  return new Promise(resolve => {
    form.onsubmit = async event => {
      event.preventDefault();
      try {
        await login(token.value);
      } catch (error) {
        trouble.hidden = false;
        setText(trouble, error instanceof ApiError ? error.message : String(error));
        return;
      }
      token.value = '';
      trouble.hidden = true;
      dialog.close();
      resolve(undefined);
    };
    // Escape closes a dialog, but there is nothing behind this one.
    dialog.oncancel = event => event.preventDefault();
  });
}

const noticeMs = 8000;

/**
 * @param {string} text
 * @param {'done' | 'failed'} kind
 */
export function notify(text, kind) {
  const notice = make('p', { class: `notice ${kind}` }, text);
  byId('notices', HTMLElement).append(notice);
  setTimeout(() => notice.remove(), noticeMs);
}
