// The fast lane of the mount, without files to read.
import { TorrentFastLane } from '../../dist/fs/fast-lane.js';
import { MountStatistics } from '../../dist/fs/mount-statistics.js';
import { TreeVersions } from '../../dist/fs/tree-messages.js';
import { TreeSubscriber } from '../../dist/fs/tree-subscriber.js';

export default function createFastLane({ data }) {
  return new TorrentFastLane({
    ...data.attributes,
    trees: new TreeSubscriber(data.port, new TreeVersions(data.versions)),
    statistics: new MountStatistics(),
    reads: { read: () => undefined },
    onTouched() {},
  });
}
