import { describe, expect, it } from 'vitest';
import { defaultConfig } from '../../src/config/load-config.ts';
import type { Config } from '../../src/config/options.ts';
import type { ProbeResult } from '../../src/engine/rqbit/probe.ts';
import { chooseEngine, type EngineChoice, recordOf } from '../../src/mount/engine-choice.ts';

const found = { found: true, url: new URL('http://127.0.0.1:3030/'), reason: 'it answers here' } as const;
const nothing = { found: false, reason: 'nobody answers here' } as const;
const began = 'this data directory began with it';

interface Situation {
  readonly kind?: Config['engine']['kind'];
  readonly url?: string;
  readonly recorded?: string;
  /** What is on this machine; whoever leaves it out must not look. */
  readonly probed?: ProbeResult;
}

function choose({ kind = 'auto', url, recorded, probed }: Situation): Promise<EngineChoice> {
  const { engine, rqbit } = defaultConfig;
  const probe = async () => {
    if (probed === undefined) throw new Error('it looked for a server on this machine');
    return probed;
  };
  return chooseEngine({ ...defaultConfig, engine: { ...engine, kind }, rqbit: { ...rqbit, url } }, recorded, probe);
}

const url = 'http://seedbox:3030/';
const external = { kind: 'external-rqbit', url: new URL(url) } as const;

describe('the engine of a mount', () => {
  it.each<[string, Situation, EngineChoice]>([
    [
      '--engine embedded, whatever else',
      { kind: 'embedded', url, recorded: `rqbit ${url}` },
      embedded('--engine embedded'),
    ],
    ['a configured URL', { url, recorded: 'embedded' }, { ...external, reason: 'its URL is configured' }],
    ['a configured URL and --engine rqbit', { kind: 'rqbit', url }, { ...external, reason: 'its URL is configured' }],
    [
      '--engine rqbit without a URL, whatever is recorded',
      { kind: 'rqbit', recorded: 'embedded' },
      { kind: 'managed-rqbit', reason: '--engine rqbit, and no URL is configured' },
    ],
    ['the embedded engine before', { recorded: 'embedded' }, embedded(began)],
    ['an rqbit of its own before', { recorded: 'managed-rqbit' }, { kind: 'managed-rqbit', reason: began }],
    ['a server before', { recorded: `rqbit ${url}` }, { ...external, reason: began }],
    [
      'no engine before, and a server here',
      { probed: found },
      { kind: 'external-rqbit', url: found.url, reason: found.reason },
    ],
    ['no engine before, and no server here', { probed: nothing }, embedded(nothing.reason)],
    [
      'a record that nobody can read, and no server here',
      { recorded: 'transmission', probed: nothing },
      embedded(nothing.reason),
    ],
  ])('with %s', async (_, situation, choice) => {
    expect(await choose(situation)).toEqual(choice);
  });

  it.each<EngineChoice>([embedded(began), { kind: 'managed-rqbit', reason: began }, { ...external, reason: began }])(
    'that was recorded is found again: %o',
    async choice => {
      expect(await choose({ recorded: recordOf(choice) })).toEqual(choice);
    },
  );
});

function embedded(reason: string): EngineChoice {
  return { kind: 'embedded', reason };
}
