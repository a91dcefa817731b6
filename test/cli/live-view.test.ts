import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LiveView } from '../../src/cli/live-view.ts';
import { FakeTerminal } from './fake-terminal.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('a live view', () => {
  it('draws its lines again in place, fewer or more of them', () => {
    const terminal = new FakeTerminal({ isTerminal: true });
    let lines = ['one', 'two'];
    const view = new LiveView(terminal, () => lines, 1000);
    expect(terminal.screen).toEqual(['one', 'two']);
    lines = ['three'];
    vi.advanceTimersByTime(1000);
    expect(terminal.screen).toEqual(['three']);
    lines = ['four', 'five', 'six'];
    vi.advanceTimersByTime(1000);
    expect(terminal.screen).toEqual(['four', 'five', 'six']);
    view.stop();
  });

  it('stays below what is printed meanwhile', () => {
    const terminal = new FakeTerminal({ isTerminal: true });
    const view = new LiveView(terminal, () => ['progress'], 1000);
    view.printAbove('a line of the log\n');
    view.printAbove('another\n');
    expect(terminal.screen).toEqual(['a line of the log', 'another', 'progress']);
    view.stop();
    expect(terminal.screen).toEqual(['a line of the log', 'another']);
    view.printAbove('after it\n');
    expect(terminal.screen).toEqual(['a line of the log', 'another', 'after it']);
  });

  it('gives the cursor back once, and leaves no timer', () => {
    const terminal = new FakeTerminal({ isTerminal: true });
    const view = new LiveView(terminal, () => ['x'], 1000);
    view.stop();
    view.stop();
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are escape codes
    expect(terminal.written.match(/\x1b\[\?25[hl]/g)).toEqual(['\x1b[?25l', '\x1b[?25h']);
    expect(vi.getTimerCount()).toBe(0);
  });
});
