"""make_torrent.py PAYLOAD TORRENT PIECE_LENGTH: a v1 torrent of a file or folder."""
import os
import sys

import libtorrent as lt

payload, torrent, piece_length = sys.argv[1], sys.argv[2], int(sys.argv[3])
storage = lt.file_storage()
lt.add_files(storage, payload)
made = lt.create_torrent(storage, piece_length, flags=lt.create_torrent.v1_only)
lt.set_piece_hashes(made, os.path.dirname(payload))
with open(torrent, "wb") as out:
    out.write(lt.bencode(made.generate()))
