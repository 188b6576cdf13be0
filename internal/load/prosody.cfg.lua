-- A server on loopback with message archive (XEP-0313) and acknowledgement
-- (XEP-0198). With ARCHIVE internal, files that it does not sync: acknowledged does
-- not mean on the disk. With ARCHIVE sql, SQLite as Prosody opens it, which syncs
-- each message before it is acknowledged.
run_as_root = true
pidfile = "DIR/prosody.pid"
data_path = "DIR"
daemonize = false
log = { error = "DIR/prosody.log" }
modules_enabled = { "saslauth", "smacks", "mam" }
modules_disabled = { "s2s", "tls" }
c2s_ports = { PORT }
c2s_interfaces = { "127.0.0.1" }
s2s_ports = {}
s2s_secure_auth = false
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
authentication = "internal_plain"
storage = { archive = "ARCHIVE" }
sql = { driver = "SQLite3", database = "DIR/archive.sqlite" }
default_archive_policy = true
archive_expires_after = "never"
smacks_max_unacked_stanzas = 0
VirtualHost "localhost"
