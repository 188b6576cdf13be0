package app

import (
	"fyne.io/fyne/v2/lang"

	"satchel/widgets"
)

// storeKind is a kind of place for files, as the page asks for it.
type storeKind struct {
	name   string // in the list of kinds
	means  string // who can read there, and for how long
	fixed  map[string]any
	fields []widgets.FormField
	reads  bool // it may be of use only for reading what others keep there
}

// kind is the one in the settings; "": the relay.
func (k *storeKind) kind() string {
	s, _ := k.fixed["kind"].(string)
	return s
}

// is tells whether settings are of this kind.
func (k *storeKind) is(settings map[string]any) bool {
	for name, v := range k.fixed {
		if settings[name] != v {
			return false
		}
	}
	return k.fixed != nil
}

func storeKinds(relay string) []storeKind {
	line := func(id, label, hint string) widgets.FormField {
		return widgets.FormField{ID: id, Label: label, Hint: hint}
	}
	half := func(f widgets.FormField) widgets.FormField { f.Half = true; return f }
	more := func(f widgets.FormField) widgets.FormField { f.More = true; return f }
	secret := func(label string) widgets.FormField {
		return widgets.FormField{ID: "secret", Label: label, Secret: true}
	}
	bucket := half(line("bucket", lang.L("Bucket"), lang.L("files")))
	prefix := half(more(line("prefix", lang.L("Before each name"), "satchel/")))
	days := half(more(line("days", lang.L("Links work for … days"), "7")))
	public := more(line("public_url", lang.L("Public address, if everybody may read"), "https://files.example.org"))
	optional := lang.L("if it asks for one")
	return []storeKind{
		{name: lang.L("The relay"), means: lang.L("{{.Relay}} keeps them, for the members of the conversation, and removes them when its owner says so. It can’t read them.", map[string]any{"Relay": relay})},
		{name: lang.L("S3 bucket"), fixed: map[string]any{"kind": "s3"},
			means: lang.L("Files go into a bucket of your own, at Amazon or any other that speaks S3. Whoever has the message reads them by a signed link, for 7 days at most; after that your Satchel makes a new one when it is asked. Links to a public address don’t expire."),
			fields: []widgets.FormField{line("endpoint", lang.L("Address of the server"), "https://s3.eu-central-1.amazonaws.com"), bucket,
				half(line("access_key", lang.L("Access key"), "")), secret(lang.L("Secret key")),
				half(more(line("region", lang.L("Region"), lang.L("found by itself")))), prefix, days, public}},
		{name: lang.L("Google Cloud Storage"), fixed: map[string]any{"kind": "gs"},
			means: lang.L("Files go into a bucket of your own at Google. Whoever has the message reads them by a signed link, for 7 days at most; after that your Satchel makes a new one when it is asked. Links to a public address don’t expire."),
			fields: []widgets.FormField{line("bucket", lang.L("Bucket"), lang.L("files")), secret(lang.L("Key of a service account, the whole JSON file")),
				prefix, days, public}},
		{name: lang.L("Azure Blob Storage"), fixed: map[string]any{"kind": "azblob"},
			means: lang.L("Files go into a container of your own at Microsoft. Whoever has the message reads them by a signed link, for a year unless you say otherwise; after that your Satchel makes a new one when it is asked."),
			fields: []widgets.FormField{half(line("account", lang.L("Storage account"), "")), half(line("container", lang.L("Container"), lang.L("files"))), secret(lang.L("Account key")),
				more(line("endpoint", lang.L("Address of the server"), "https://ACCOUNT.blob.core.windows.net")), prefix,
				half(more(line("days", lang.L("Links work for … days"), "365"))), public}},
		{name: lang.L("WebDAV, Nextcloud"), fixed: map[string]any{"kind": "webdav"}, reads: true,
			means: lang.L("Files go into a folder of your server. With a public address everybody who has the message can read them; without one, those who see the folder with an account of their own and set it up here, too. Links last as long as the folder."),
			fields: []widgets.FormField{line("url", lang.L("Address of the folder"), "https://cloud.example.org/remote.php/dav/files/mara/Satchel"),
				half(line("user", lang.L("User"), "")), half(secret(lang.L("Password, better one for apps"))), more(line("public_url", lang.L("Public address of the folder"), "https://cloud.example.org/public.php/dav/files/TOKEN"))}},
		{name: lang.L("Web server, by form"), fixed: map[string]any{"kind": "http", "method": "POST"},
			means: lang.L("Files are sent as a form, as to an upload page; the server’s answer says where they are. Whoever has the message can read them there, as long as the server keeps them."),
			fields: []widgets.FormField{line("url", lang.L("Address that takes the form"), "https://example.org/upload"), {ID: "secret", Label: lang.L("Token or password"), Hint: optional, Secret: true, Half: true},
				half(line("token_field", lang.L("Field for the token"), lang.L("none: a header"))), half(more(line("user", lang.L("User"), optional))), half(more(line("file_field", lang.L("Field for the file"), "file"))),
				half(more(line("result_field", lang.L("In the answer: the result"), "result"))), half(more(line("url_field", lang.L("In the answer: the address"), "url")))}},
		{name: lang.L("Web server, by PUT"), fixed: map[string]any{"kind": "http", "method": "PUT"},
			means: lang.L("Files are put at an address of your web server, under a name of their own. Whoever has the message can read them there, as long as the server keeps them."),
			fields: []widgets.FormField{line("url", lang.L("Address, with {id} where the name goes"), "https://example.org/files/{id}"), half(line("user", lang.L("User"), optional)),
				{ID: "secret", Label: lang.L("Password or token"), Hint: optional, Secret: true, Half: true}, more(line("public_url", lang.L("Address for readers, with {id}"), lang.L("the same")))}},
		{name: lang.L("Shared folder"), fixed: map[string]any{"kind": "dir"}, reads: true,
			means:  lang.L("Files go into a folder that you and others share: on a file server, or kept in step by a program. Only those read them who have that folder, and set it up here under the same name."),
			fields: []widgets.FormField{line("share", lang.L("What all who share it call it"), "team"), line("path", lang.L("Where it is on this computer"), "/home/mara/Team")}},
	}
}
