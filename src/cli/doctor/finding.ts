/** What the doctor has to say about one thing. */
export interface Finding {
  readonly name: string;
  /** `fail`: nothing can be mounted. `warn`: something works less well, or not for everyone. */
  readonly level: 'ok' | 'warn' | 'fail';
  readonly detail: string;
  /** What to install or do. */
  readonly advice?: string;
}

export function ok(name: string, detail: string): Finding {
  return { name, level: 'ok', detail };
}

export function warn(name: string, detail: string, advice: string): Finding {
  return { name, level: 'warn', detail, advice };
}

export function fail(name: string, detail: string, advice: string): Finding {
  return { name, level: 'fail', detail, advice };
}
