package store

// migrations lead from an empty database to the present form; PRAGMA
// user_version counts those that were made. A line that was released is never
// changed, only followed by another.
var migrations = []string{
	`
CREATE TABLE meta (
	key   TEXT PRIMARY KEY,
	value TEXT NOT NULL
);
CREATE TABLE accounts (
	id        TEXT PRIMARY KEY,
	name      TEXT NOT NULL,
	folded    TEXT NOT NULL UNIQUE, -- the name as it is compared
	created   INTEGER NOT NULL,     -- Unix milliseconds, as all times here
	last_seen INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE devices (
	id      TEXT PRIMARY KEY,
	account TEXT NOT NULL REFERENCES accounts (id),
	key     TEXT NOT NULL,
	created INTEGER NOT NULL
);
CREATE TABLE invites (
	hash    TEXT PRIMARY KEY, -- SHA-256 of the code
	uses    INTEGER NOT NULL,
	used    INTEGER NOT NULL DEFAULT 0,
	created INTEGER NOT NULL,
	expires INTEGER NOT NULL
);
CREATE TABLE conversations (
	id      TEXT PRIMARY KEY,
	kind    TEXT NOT NULL,
	title   TEXT NOT NULL,
	head    INTEGER NOT NULL DEFAULT 0,
	created INTEGER NOT NULL,
	updated INTEGER NOT NULL -- time of the newest entry, never back
);
CREATE TABLE members (
	conversation TEXT NOT NULL REFERENCES conversations (id),
	account      TEXT NOT NULL REFERENCES accounts (id),
	received     INTEGER NOT NULL DEFAULT 0,
	read         INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY (conversation, account)
);
CREATE INDEX members_account ON members (account, conversation);
CREATE TABLE entries (
	conversation TEXT NOT NULL REFERENCES conversations (id),
	seq          INTEGER NOT NULL,
	message      TEXT NOT NULL,
	sender       TEXT NOT NULL,
	device       TEXT NOT NULL,
	at           INTEGER NOT NULL,
	body         BLOB NOT NULL
);
CREATE UNIQUE INDEX entries_seq ON entries (conversation, seq);
CREATE UNIQUE INDEX entries_message ON entries (conversation, message);
CREATE TABLE files (
	id       TEXT PRIMARY KEY,
	uploader TEXT NOT NULL REFERENCES accounts (id),
	size     INTEGER NOT NULL,
	expected TEXT NOT NULL,             -- SHA-256 that the uploader announced, or empty
	created  INTEGER NOT NULL,
	finished INTEGER NOT NULL DEFAULT 0, -- 0: not yet
	sha256   TEXT NOT NULL DEFAULT '',
	hashed   INTEGER NOT NULL DEFAULT 0, -- bytes that the running hash covers
	hash     BLOB                        -- its state
);
CREATE INDEX files_finished ON files (finished);
CREATE TABLE grants (
	file         TEXT NOT NULL REFERENCES files (id),
	conversation TEXT NOT NULL REFERENCES conversations (id),
	PRIMARY KEY (file, conversation)
);
`,
	// Accounts and conversations are chains. What was there before stays, and
	// nobody can come in to it; the names of those accounts are free again.
	`
ALTER TABLE accounts ADD COLUMN chain INTEGER NOT NULL DEFAULT 0; -- number of its newest statement; 0: from before chains
UPDATE accounts SET folded = ' ' || id;
ALTER TABLE devices ADD COLUMN kind INTEGER NOT NULL DEFAULT 1;   -- 1 computer, 2 recovery
ALTER TABLE devices ADD COLUMN removed INTEGER NOT NULL DEFAULT 0; -- number of the statement that removed it
CREATE INDEX devices_account ON devices (account);
ALTER TABLE conversations ADD COLUMN chain INTEGER NOT NULL DEFAULT 0;
ALTER TABLE conversations DROP COLUMN title;
ALTER TABLE members ADD COLUMN role INTEGER NOT NULL DEFAULT 0; -- 1 member, 2 admin, 3 owner
CREATE TABLE former ( -- who was a member
	conversation TEXT NOT NULL REFERENCES conversations (id),
	account      TEXT NOT NULL REFERENCES accounts (id),
	until        INTEGER NOT NULL, -- number of the statement that removed them
	PRIMARY KEY (conversation, account)
);
CREATE TABLE statements (
	kind      TEXT NOT NULL, -- account, conversation
	chain     TEXT NOT NULL, -- its id
	seq       INTEGER NOT NULL,
	statement BLOB NOT NULL,
	PRIMARY KEY (kind, chain, seq)
);
CREATE TABLE device_boxes (
	account    TEXT NOT NULL REFERENCES accounts (id),
	generation INTEGER NOT NULL,
	device     TEXT NOT NULL REFERENCES devices (id),
	box        BLOB NOT NULL,
	PRIMARY KEY (account, generation, device)
);
CREATE TABLE member_boxes (
	conversation TEXT NOT NULL REFERENCES conversations (id),
	member       TEXT NOT NULL REFERENCES accounts (id),
	generation   INTEGER NOT NULL,
	author       TEXT NOT NULL REFERENCES accounts (id), -- who made it
	at           INTEGER NOT NULL,
	box          BLOB NOT NULL,
	PRIMARY KEY (conversation, member, generation, author)
);
`,
	// What people keep for their own devices.
	`
CREATE TABLE settings (
	account TEXT NOT NULL REFERENCES accounts (id),
	key     TEXT NOT NULL,
	number  INTEGER NOT NULL, -- of this change of this account's settings
	device  TEXT NOT NULL,
	body    BLOB NOT NULL,
	PRIMARY KEY (account, key)
);
CREATE UNIQUE INDEX settings_number ON settings (account, number);
ALTER TABLE conversations ADD COLUMN writers INTEGER NOT NULL DEFAULT 0; -- the least role that may write
`,
}
