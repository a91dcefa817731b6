/** Whether debug lines are wanted, in memory that the mounting thread writes and the fuse thread reads before each line. */
export class DebugSwitch {
  readonly memory: SharedArrayBuffer;
  readonly #word: Int32Array;

  constructor(memory = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)) {
    this.memory = memory;
    this.#word = new Int32Array(memory);
  }

  get isOn(): boolean {
    return Atomics.load(this.#word, 0) !== 0;
  }

  set(isOn: boolean): void {
    Atomics.store(this.#word, 0, isOn ? 1 : 0);
  }
}
