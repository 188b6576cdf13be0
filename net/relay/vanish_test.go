package relay

import (
	"net/http"
	"testing"
	"time"

	"satchel/net/wire"
)

// A message that is to disappear does, with its file, while the relay runs; and
// its number stays.
func TestVanish(t *testing.T) {
	t.Parallel()
	r := start(t, Config{})
	mara, joao := join(t, r, "Mara"), join(t, r, "João")
	id := direct(mara, joao)
	file, content, _ := newFile(1000)
	mara.upload(file, content)
	mara.refused(wire.CodeBadFrame, &wire.Send{Conversation: id, Message: "never", Body: []byte("x"), Lifetime: -1})
	mara.refused(wire.CodeBadFrame, &wire.Send{Conversation: id, Message: "never", Body: []byte("x"), Lifetime: wire.MaxLifetime + 1})
	must[*wire.Sent](mara, &wire.Send{Conversation: id, Message: "brief", Body: []byte("brief"), Files: []string{file}, Lifetime: 1})
	mara.send(id, "stays", "stays")
	for until := time.Now().Add(2 * time.Minute); exists(r, file); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatal("the file is still there")
		}
	}
	page := must[*wire.Page](joao, &wire.History{Conversation: id})
	if len(page.Entries) != 2 || !page.Entries[0].Expired || len(page.Entries[0].Body) != 0 || string(page.Entries[1].Body) != "stays" {
		t.Errorf("%+v", page.Entries)
	}
	joao.refused(wire.CodeNotFound, &wire.TicketRequest{Purpose: wire.TicketDownload, File: file})
	mara.refused(wire.CodeNotFound, &wire.TicketRequest{Purpose: wire.TicketDownload, File: file})
	k := mara.ticket(wire.TicketUpload, file, len(content)) // its name is free
	resp, body := mara.post(k, len(content))
	wantStatus(t, resp, body, http.StatusCreated, "")
}
