"""plain_libtorrent.py TORRENT FOLDER HOST:PORT: downloads all of it from one peer. Prints JSON: {"seconds", "cpu_seconds"}."""
import json
import os
import sys
import time

import libtorrent as lt

torrent, folder, peer = sys.argv[1:]
host, port = peer.rsplit(":", 1)
session = lt.session({
    "listen_interfaces": "127.0.0.1:0",
    "enable_dht": False,
    "enable_lsd": False,
    "enable_upnp": False,
    "enable_natpmp": False,
    # It would try uTP first and wait seconds for its timeout.
    "enable_outgoing_utp": False,
})
parameters = lt.add_torrent_params()
parameters.ti = lt.torrent_info(torrent)
parameters.save_path = folder
start = time.perf_counter()
handle = session.add_torrent(parameters)
handle.connect_peer((host, int(port)))
while not handle.status().is_seeding:
    time.sleep(0.005)
times = os.times()
print(json.dumps({"seconds": time.perf_counter() - start, "cpu_seconds": times.user + times.system}), flush=True)
os._exit(0)
