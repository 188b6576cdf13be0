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
	// What files take is counted, and may be bounded. Files and messages may
	// grow too old. Operators shut people and devices out. Files may lie in a
	// bucket, where they arrive in parts.
	`
ALTER TABLE accounts ADD COLUMN quota INTEGER NOT NULL DEFAULT -1;   -- bytes of files; -1: as everybody
ALTER TABLE accounts ADD COLUMN removed INTEGER NOT NULL DEFAULT 0;  -- when the operator removed it
ALTER TABLE devices ADD COLUMN blocked INTEGER NOT NULL DEFAULT 0;   -- when the operator blocked it
ALTER TABLE conversations ADD COLUMN expired INTEGER NOT NULL DEFAULT 0; -- up to this entry, bodies are gone
ALTER TABLE files ADD COLUMN gone INTEGER NOT NULL DEFAULT 0;        -- when its bytes were taken away; what is known of it stays
ALTER TABLE files ADD COLUMN moved INTEGER NOT NULL DEFAULT 0;       -- when a bucket got the last of what is arriving
ALTER TABLE files ADD COLUMN upload TEXT NOT NULL DEFAULT '';        -- how a bucket calls what is arriving
ALTER TABLE files ADD COLUMN tail TEXT NOT NULL DEFAULT '';          -- object that holds what is behind the last part
CREATE TABLE parts (
	file TEXT NOT NULL REFERENCES files (id),
	n    INTEGER NOT NULL, -- from 1
	tag  TEXT NOT NULL,    -- how a bucket calls it
	PRIMARY KEY (file, n)
);
CREATE INDEX files_uploader ON files (uploader);
CREATE TABLE space ( -- bytes that files take, those that are arriving with all of theirs
	owner TEXT PRIMARY KEY, -- an account, or '' for all
	bytes INTEGER NOT NULL
);
INSERT INTO space (owner, bytes) SELECT uploader, CAST(SUM(size) AS INTEGER) FROM files GROUP BY uploader;
INSERT INTO space (owner, bytes) SELECT '', CAST(COALESCE(SUM(size), 0) AS INTEGER) FROM files;
`,
	// Messages may disappear, and what their files were given for.
	`
ALTER TABLE entries ADD COLUMN vanish INTEGER NOT NULL DEFAULT 0; -- when the body goes; 0: it stays; below 0: when it went
CREATE INDEX entries_vanish ON entries (vanish) WHERE vanish > 0;
ALTER TABLE grants ADD COLUMN vanish INTEGER NOT NULL DEFAULT 0; -- until when; 0: for good
CREATE INDEX grants_vanish ON grants (vanish) WHERE vanish > 0;
`,
	// Devices tell which files they fetched.
	`
ALTER TABLE conversations ADD COLUMN fetched INTEGER NOT NULL DEFAULT 0; -- number of the newest change
CREATE TABLE fetched (
	conversation TEXT NOT NULL REFERENCES conversations (id),
	account      TEXT NOT NULL,
	device       TEXT NOT NULL,
	part         INTEGER NOT NULL,
	number       INTEGER NOT NULL, -- of this change among the conversation's
	body         BLOB NOT NULL,
	PRIMARY KEY (conversation, device, part)
);
CREATE UNIQUE INDEX fetched_number ON fetched (conversation, number);
`,
	// Invitations have somebody who made them, and may lead to a group.
	`
ALTER TABLE invites ADD COLUMN account TEXT NOT NULL DEFAULT '';      -- who made it; '': the operator
ALTER TABLE invites ADD COLUMN conversation TEXT NOT NULL DEFAULT ''; -- the group that it leads to; '': none
`,
}
