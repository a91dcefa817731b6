/** What the installed files refer to: absolute paths that stay where they are. */
export interface Program {
  readonly node: string;
  /** Of Node itself, such as the launcher gives. */
  readonly nodeOptions: readonly string[];
  readonly script: string;
}

/**
 * The template `torrent-fuse@.service` of the system: `systemctl enable --now torrent-fuse@$(systemd-escape -p /mnt/torrents)`.
 *
 * It is hardened as far as a mount can be. Whatever gives a service its own view of the file system (ProtectSystem, PrivateTmp,
 * ProtectKernelTunables and their like) would also hide the mount from everyone else.
 */
export function systemUnit(program: Program): string {
  return `[Unit]
Description=Torrents at %f
Documentation=https://www.npmjs.com/package/torrent-fuse
After=network.target local-fs.target

[Service]
Type=notify
Environment=TORRENT_FUSE_LOG_FORMAT=json
EnvironmentFile=-/etc/torrent-fuse/%i.env
${service(program)}
LimitNOFILE=65536

NoNewPrivileges=yes
CapabilityBoundingSet=CAP_SYS_ADMIN CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_CHOWN CAP_FOWNER CAP_KILL CAP_SYS_PTRACE
DevicePolicy=closed
DeviceAllow=/dev/fuse rw
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native

[Install]
WantedBy=multi-user.target
`;
}

/** The same for one user: `systemctl --user enable --now …`. fusermount3 is setuid, so new privileges must be allowed. */
export function userUnit(program: Program): string {
  return `[Unit]
Description=Torrents at %f
Documentation=https://www.npmjs.com/package/torrent-fuse

[Service]
Type=notify
${service(program)}

[Install]
WantedBy=default.target
`;
}

/** What both kinds of unit run, and how it ends. */
function service({ node, nodeOptions, script }: Program): string {
  return `ExecStartPre=-/bin/mkdir -p %f
ExecStart=${[node, ...nodeOptions, script].map(quoted).join(' ')} mount %f
ExecReload=/bin/kill -HUP $MAINPID
Restart=on-failure
RestartSec=5
TimeoutStopSec=20
KillMode=mixed
UMask=0077`;
}

/** What mount(8) starts for the types `torrent-fuse` and `fuse.torrent-fuse`, and so for a line of /etc/fstab. */
export function mountHelper({ node, nodeOptions, script }: Program): string {
  return `#!/bin/sh
# Mounts torrents for mount(8) and /etc/fstab. Written by: torrent-fuse install-service
exec ${[node, ...nodeOptions, script].map(shellQuoted).join(' ')} mount-helper "$@"
`;
}

/** systemd.service(5): quotes and backslashes are escaped, and specifiers doubled. */
function quoted(path: string): string {
  const escaped = path.replace(/["\\]/g, '\\$&').replaceAll('%', '%%').replaceAll('$', '$$$$');
  return /[\s'"\\]/.test(path) ? `"${escaped}"` : escaped;
}

function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
