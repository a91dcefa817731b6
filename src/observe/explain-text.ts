import type { ExplainedWait, Explanation, Situation } from './explain.ts';
import { bytesInWords, countInWords, durationInWords, runsInWords } from './words.ts';

/** An explanation for people: a headline, the facts in aligned rows, and last what to do about it. Ends with a line break. */
export function explanationText(explanation: Explanation): string {
  const rows = [...explanationFacts(explanation), ['advice', advice(explanation)] as const];
  const lines = rows.map(([label, text]) => `  ${label.padEnd(10)}${text}`);
  return `${oneLine(explanation.path)}: ${headline(explanation.situation)}\n${lines.join('\n')}\n`;
}

/** The facts, each with what it is about; a label may come several times. */
export function explanationFacts(explanation: Explanation): (readonly [label: string, text: string])[] {
  const facts: [string, string][] = [
    ['state', `${explanation.state}, ${percent(explanation.progress)} of the torrent is here`],
    ['needs', needs(explanation)],
    ...explanation.waits.slice(0, shownWaits).map((wait): [string, string] => ['waits', waits(wait, explanation)]),
    ['peers', `${explanation.peersConnected} connected, ${explanation.peersKnown} known`],
    ...holders(explanation).map((text): [string, string] => ['holders', text]),
    ['speed', `${bytesInWords(explanation.downloadSpeed)}/s`],
    ['engine', `${explanation.engine}, ${explanation.engineFailure ?? 'answers'}`],
    ['policy', policy(explanation)],
    ...explanation.errors.slice(0, shownErrors).map((error): [string, string] => ['error', error]),
    ['estimate', estimate(explanation)],
  ];
  return facts.map(([label, text]) => [label, oneLine(text)]);
}

/** What is the matter, in half a sentence. */
export function headline(situation: Situation): string {
  return headlines[situation];
}

/** What to do about it, in one sentence. */
export function advice(explanation: Explanation): string {
  return advices[explanation.situation](explanation);
}

const shownWaits = 3;
const shownErrors = 3;

const headlines: Record<Situation, string> = {
  complete: 'complete, every read is answered at once',
  readable: 'what was asked for is here',
  'engine-down': 'the engine does not answer',
  resolving: 'the metadata is not known yet',
  initializing: 'the data on disk is being checked',
  error: 'the engine gave the torrent up',
  paused: 'the torrent is paused and the bytes are missing',
  unknown: 'the engine has not told of this torrent for a while',
  'no-peers': 'there is no peer to fetch from',
  'no-reader': 'nothing is fetched because nobody reads it',
  stalled: 'peers are connected, but none sends what is needed',
  'slow-peer': 'the bytes come slowly',
  downloading: 'the bytes are coming',
};

const advices: Record<Situation, (explanation: Explanation) => string> = {
  complete: () => 'Nothing to do; if it still seems slow, look at the program that reads.',
  readable: () => 'Nothing to do; what lies further on is fetched when it is read.',
  'engine-down': ({ engine }) =>
    `Start the engine or see why it does not answer (${engine}); reads go on by themselves then.`,
  resolving: ({ peersConnected }) =>
    peersConnected === 0
      ? 'Wait for a peer, or add the torrent again as a .torrent file or with --peer HOST:PORT.'
      : 'Wait a moment: peers are connected and the metadata is asked for.',
  initializing: () => 'Wait until the check is done; large torrents take minutes.',
  error: () => 'Remove the cause that the error names, then resume the torrent.',
  paused: () => 'Resume the torrent: torrent-fuse resume MOUNTPOINT NAME.',
  unknown: () => 'See whether the engine is running and whether it still has the torrent.',
  'no-peers': ({ peersKnown }) =>
    peersKnown === 0
      ? 'Check that trackers and DHT are not turned off, or name a peer with --peer HOST:PORT.'
      : 'The known peers do not answer: wait, or check that a firewall or VPN does not cut them off.',
  'no-reader': () => 'Read it, or pin it to have it fetched as a whole.',
  stalled: ({ need }) =>
    need?.holders?.rarest === 0
      ? 'No connected peer has the missing pieces: wait for a seeder, or name one with --peer HOST:PORT.'
      : 'The connected peers may be busy or incomplete: wait, or name another with --peer HOST:PORT.',
  'slow-peer': () => 'Let it buffer before you play it, or name a faster peer with --peer HOST:PORT.',
  downloading: () => 'Nothing to do; it arrives while you wait.',
};

function needs({ need, situation }: Explanation): string {
  if (need === undefined) return situation === 'resolving' ? 'the metadata' : 'the missing pieces of its files';
  const { basis, pieces, missing, missingBytes } = need;
  const whose = {
    'waiting reads': 'waiting reads need',
    'last read': 'the last read needed',
    'whole file': 'the whole file needs',
  };
  const [only, ...others] = pieces;
  const isOne = others.length === 0 && only?.[0] === only?.[1];
  const which = `${whose[basis]} ${isOne ? 'piece' : 'pieces'} ${runsInWords(pieces)} of the file`;
  if (missing.length === 0) return `${which}, all here`;
  return `${which}; missing: ${runsInWords(missing)} (${bytesInWords(missingBytes)})`;
}

function waits(wait: ExplainedWait, { policy: { whenMissing } }: Explanation): string {
  const range = `${bytesInWords(wait.endExclusive - wait.start)} at offset ${wait.start}`;
  const since = `for ${durationInWords(wait.waitedMs / 1000)}, the last byte came ${durationInWords(wait.idleMs / 1000)} ago`;
  const end = whenMissing === 'wait' ? `, fails in ${durationInWords(wait.deadlineMs / 1000)} if none comes` : '';
  return `${range} ${since}${end}`;
}

/** Who has what is missing; nothing where nothing is, or nobody is there to have it. */
function holders({ need, peersConnected }: Explanation): string[] {
  if (need === undefined || need.missing.length === 0 || peersConnected === 0) return [];
  if (need.holders === undefined) return ['unknown: this engine does not tell which peer has which piece'];
  const { asked, rarest, peerCount, peers } = need.holders;
  if (peerCount === 0) return ['no connected peer has a missing piece'];
  const named = peers.map(
    ({ address, pieces }) => `${address} (${pieces === asked ? 'all' : `${pieces} of ${asked}`})`,
  );
  const more = peerCount > peers.length ? ` and ${peerCount - peers.length} more` : '';
  const scarce = rarest === 0 ? '; some of the missing pieces nobody connected has' : '';
  return [`${countInWords(peerCount, 'peer has', 'peers have')} missing pieces: ${named.join(', ')}${more}${scarce}`];
}

function policy({ policy: { whenMissing, timeoutMs } }: Explanation): string {
  return whenMissing === 'eagain'
    ? 'eagain: a read of missing bytes fails at once'
    : `wait: a read fails after ${durationInWords(timeoutMs / 1000)} without a new byte`;
}

function estimate({ estimateSeconds, need }: Explanation): string {
  if (estimateSeconds === undefined) return 'unknown';
  if (estimateSeconds === 0) return 'readable now';
  const what = need === undefined || need.basis === 'whole file' ? 'all of it is here' : 'readable';
  return estimateSeconds < 1
    ? `${what} at any moment`
    : `${what} in about ${durationInWords(estimateSeconds)} at this speed`;
}

function percent(share: number): string {
  // Rounded down: 100 % is only said of what is complete.
  return `${Math.floor(share * 1000) / 10} %`;
}

/** Names in torrents are hostile: no line break and no escape sequence of theirs reaches a terminal. */
function oneLine(text: string): string {
  return text.replace(/\p{Cc}|\p{Cf}|[\u2028\u2029]/gu, '\uFFFD');
}
