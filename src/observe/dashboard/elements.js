/**
 * Elements by id, made and filled as text. Names in torrents are hostile: nothing on this page is ever parsed as markup.
 */

/**
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} type
 * @returns {T}
 */
export function byId(id, type) {
  const element = document.getElementById(id);
  if (!(element instanceof type)) throw new Error(`the page has no ${type.name} #${id}`);
  return element;
}

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, string>} [attributes]
 * @param {(Node | string)[]} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/**
 * Writes only what is different, so that a selection or a screen reader is not disturbed every second.
 * @param {Node} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * A list whose rows stay the same elements for as long as their key is there: what has the focus keeps it.
 * @template Row, View
 */
export class KeyedList {
  /** @type {Map<string, { element: HTMLElement, view: View }>} */
  #rows = new Map();

  /**
   * @param {HTMLElement} parent
   * @param {{ key: (row: Row) => string, create: (row: Row) => { element: HTMLElement, view: View }, update: (view: View, row: Row) => void }} how
   */
  constructor(parent, how) {
    this.parent = parent;
    this.how = how;
  }

  /** @param {readonly Row[]} rows */
  show(rows) {
    const { key, create, update } = this.how;
    const gone = new Set(this.#rows.keys());
    /** @type {Element | null} */
    let place = this.parent.firstElementChild;
    for (const row of rows) {
      const id = key(row);
      let shown = this.#rows.get(id);
      if (shown === undefined) {
        shown = create(row);
        this.#rows.set(id, shown);
      }
      gone.delete(id);
      update(shown.view, row);
      if (shown.element === place) place = place.nextElementSibling;
      else this.parent.insertBefore(shown.element, place);
    }
    for (const id of gone) {
      this.#rows.get(id)?.element.remove();
      this.#rows.delete(id);
    }
  }
}
