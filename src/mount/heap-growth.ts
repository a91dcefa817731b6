import { setFlagsFromString } from 'node:v8';

/**
 * Has old objects collected once they have grown by 30 %, where V8 would wait for several times as much: for a mount without an
 * engine thread; with one it would cost a tenth of the processor time of a cold read. Holds for the whole process.
 */
export function collectOldObjectsSooner(): void {
  setFlagsFromString('--heap-growing-percent=30');
}
