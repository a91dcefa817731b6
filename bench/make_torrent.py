"""make_torrent.py PAYLOAD TORRENT PIECE_LENGTH: a v1 torrent of a file or folder, its files in the order of their paths."""
import os
import sys

import libtorrent as lt


def main(payload, torrent, piece_length):
    parent = os.path.dirname(payload)
    storage = lt.file_storage()
    for path in [payload] if os.path.isfile(payload) else files_below(payload):
        storage.add_file(os.path.relpath(path, parent), os.path.getsize(path))
    made = lt.create_torrent(storage, int(piece_length), flags=lt.create_torrent.v1_only)
    lt.set_piece_hashes(made, parent)
    with open(torrent, "wb") as out:
        out.write(lt.bencode(made.generate()))


def files_below(folder):
    for inner, folders, names in os.walk(folder):
        folders.sort()
        yield from (os.path.join(inner, name) for name in sorted(names))


main(*sys.argv[1:])
