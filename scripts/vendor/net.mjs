// What webtorrent's torrents use of Node's `net`.
import { dial } from '../../src/engine/embedded/peer-socket.ts';

export default { connect: dial };
