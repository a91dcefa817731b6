import { OpenFlag } from '../../fuse/abi/flags.ts';
import type { Control } from '../control.ts';
import { toErrnoError } from '../errno-map.ts';
import { refusals } from '../refusals.ts';
import type { VirtualFile } from './virtual-node.ts';

const help = `Write one command at a time, in JSON:
{"command": "remove", "torrent": NAME or INFO HASH, "deleteData": false}
{"command": "pause", "torrent": NAME or INFO HASH}
{"command": "resume", "torrent": NAME or INFO HASH}
{"command": "set", "path": PATH, "policy": "wait" or "eagain", "timeoutMs": 30000, "pin": true, "priority": "low", "normal" or "high"}
`;

/** Each write is one command, answered by the errno of the write. For its owner alone. */
export function controlFile(control: Control, { readOnly }: { readonly readOnly: boolean }): VirtualFile {
  return {
    kind: 'file',
    permissions: readOnly ? 0o400 : 0o600,
    size: 0,
    truncate() {}, // what `echo >` does first
    open(flags) {
      if (readOnly && (flags & OpenFlag.ACCMODE) !== 0) throw refusals.readOnly;
      return {
        read: (offset, size) => Buffer.from(help).subarray(offset, offset + size),
        write(_, data) {
          try {
            control.run(Buffer.from(data).toString());
          } catch (error) {
            throw toErrnoError(error);
          }
        },
      };
    },
  };
}
