/**
 * Strikes secrets out of text that is about to be written: a log line, an error on the terminal. It works on the finished
 * text, so that nothing gets past it in a nested field, a stack or the message of somebody else's error.
 */
export function createScrubber(secrets: readonly string[]): (text: string) => string {
  // A secret of three letters would strike out half of the log; rqbit's own check of it is no better.
  const literal = secrets.filter(secret => secret.length >= 4);
  return text => {
    let scrubbed = text;
    for (const [pattern, replacement] of patterns) scrubbed = scrubbed.replace(pattern, replacement);
    for (const secret of literal) scrubbed = scrubbed.replaceAll(secret, struckOut);
    return scrubbed;
  };
}

const struckOut = '[redacted]';

const patterns: readonly (readonly [RegExp, string])[] = [
  // Fields of a JSON line that are secret by name.
  [/("(?:pass(?:word|key)|token|secret|authorization|cookie)":)"(?:[^"\\]|\\.)*"/gi, `$1"${struckOut}"`],
  // HTTP credentials in a header or a URL.
  [/\b(Basic|Bearer) [\w+/=.~-]{6,}/g, `$1 ${struckOut}`],
  [/(\b[a-z][a-z+.-]*:\/\/)[^/\s"'@]+@/gi, `$1${struckOut}@`],
  // A magnet's trackers: a private one's URL carries the passkey of its user, percent-encoded in any part of it.
  [/([?&]tr(?:\.\d+)?=)[^&\s"'\\]+/gi, `$1${struckOut}`],
  // Trackers and their .torrent URLs carry it as a parameter, or as a part of the path beside `announce`.
  [/([?&](?:passkey|authkey|torrent_pass|pass|auth|token|key|apikey|rsskey|uid)=)[^&\s"'\\]+/gi, `$1${struckOut}`],
  [/\/[\w-]{16,}(\/announce\b)/g, `/${struckOut}$1`],
  [/(\/announce(?:\.php)?\/)[\w-]{16,}/g, `$1${struckOut}`],
];
