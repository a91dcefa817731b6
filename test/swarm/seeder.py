"""A libtorrent seeder for tests: seeds what it is told to, answers one JSON line for each JSON line on stdin.

Start: {"torrents": [{"torrent": path, "payload": folder}], "host": "127.0.0.2", "port": 20001, "rate": bytes per second or 0}
Answers {"port": n} once every torrent seeds. Then {"do": "stats" | "pause" | "resume" | "quit"}.
"""
import json
import sys
import time

import libtorrent as lt


def main():
    options = json.loads(sys.stdin.readline())
    session = lt.session(settings(options))
    put_loopback_in_no_class(session, options["rate"])
    handles = [add(session, torrent) for torrent in options["torrents"]]
    wait_until(lambda: all(handle.status().is_seeding for handle in handles))
    wait_until(lambda: session.listen_port() != 0)
    say({"port": session.listen_port()})
    for line in sys.stdin:
        command = json.loads(line)["do"]
        if command == "pause":
            session.pause()
        elif command == "resume":
            session.resume()
        elif command == "quit":
            break
        say(stats(handles))


def settings(options):
    return {
        "listen_interfaces": "%s:%d" % (options["host"], options["port"]),
        "outgoing_interfaces": options["host"],
        # Another port would be another address.
        "max_retry_port_bind": 0,
        "enable_dht": False,
        "enable_lsd": False,
        "enable_upnp": False,
        "enable_natpmp": False,
        # Clients that try uTP first wait seconds for its timeout.
        "enable_incoming_utp": False,
        "enable_outgoing_utp": False,
        "allow_multiple_connections_per_ip": True,
        "unchoke_slots_limit": -1,
        "upload_rate_limit": options["rate"],
        # A peer that was killed and is back must not wait for its old connection to be missed.
        "min_reconnect_time": 1,
    }


def put_loopback_in_no_class(session, rate):
    """Rate limits do not apply to loopback peers unless they are taken out of the class of local peers."""
    class_filter = lt.ip_filter()
    class_filter.add_rule("0.0.0.0", "255.255.255.255", 1 if rate > 0 else 0)
    session.set_peer_class_filter(class_filter)


def add(session, torrent):
    parameters = lt.add_torrent_params()
    parameters.ti = lt.torrent_info(torrent["torrent"])
    parameters.save_path = torrent["payload"]
    parameters.flags = lt.torrent_flags.seed_mode
    return session.add_torrent(parameters)


def stats(handles):
    return {
        "uploadedBytes": sum(handle.status().total_payload_upload for handle in handles),
        "peers": sum(handle.status().num_peers for handle in handles),
    }


def wait_until(condition):
    deadline = time.monotonic() + 30
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit("the seeder did not get ready")
        time.sleep(0.02)


def say(message):
    print(json.dumps(message), flush=True)


main()
