import { MountError, type MountHandle, type MountOptions } from './mount-handle.ts';

/** Placeholder of the composition root. */
export async function mount(_options: MountOptions): Promise<MountHandle> {
  throw new MountError('engine', 'mounting is not wired yet');
}
