import { answers } from './messages.js';

/** The public API, as any other program may use it. Failures are thrown with the message that the server gave. */

export class ApiError extends Error {
  /**
   * @param {number} status 0 when nobody answered
   * @param {string} message
   */
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

export const getStatus = async () => answers.status(await call('GET', '/api/status'), 'status');

/** @param {string} infoHash */
export const getFiles = async infoHash => answers.files(await call('GET', `/api/torrents/${infoHash}/files`), 'files');

/** @param {string} path */
export const getExplanation = async path =>
  answers.explanation(await call('GET', `/api/explain?path=${encodeURIComponent(path)}`), 'explanation');

/** @param {string} source a magnet link, an info hash or a URL */
export const addSource = source => call('POST', '/api/torrents', JSON.stringify({ source }), 'application/json');

/** @param {Blob} file */
export const addFile = file => call('POST', '/api/torrents', file, 'application/x-bittorrent');

/** @param {string} infoHash */
export const forget = infoHash => call('DELETE', `/api/torrents/${infoHash}`);

/** @param {string} infoHash */
export const pause = infoHash => call('POST', `/api/torrents/${infoHash}/pause`);

/** @param {string} infoHash */
export const resume = infoHash => call('POST', `/api/torrents/${infoHash}/resume`);

/** @param {string} token */
export const login = token => call('POST', '/api/login', JSON.stringify({ token }), 'application/json');

/**
 * @param {string} method
 * @param {string} path
 * @param {BodyInit} [body]
 * @param {string} [type]
 * @returns {Promise<unknown>} the JSON of the answer
 */
async function call(method, path, body, type) {
  /** @type {Record<string, string>} */
  const headers = type === undefined ? {} : { 'content-type': type };
  const response = await fetch(path, { method, headers, body }).catch(() => {
    throw new ApiError(0, 'the mount does not answer');
  });
  const answer = response.status === 204 ? null : await response.json().catch(() => null);
  if (!response.ok) throw new ApiError(response.status, messageOf(answer) ?? `the mount answered ${response.status}`);
  return answer;
}

/** @param {unknown} answer */
function messageOf(answer) {
  try {
    return answers.error(answer, 'answer').error;
  } catch {
    return undefined; // a proxy's own page, perhaps
  }
}
