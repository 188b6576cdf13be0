package relay

import (
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"satchel/net/seal"
	"satchel/net/wire"
)

// scrape reads the page of numbers, and returns it with the numbers by name and labels.
func scrape(t testing.TB, r *Relay) (string, map[string]float64) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: within}
	resp, err := client.Get(r.MetricsURL())
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%d %s %v", resp.StatusCode, b, err)
	}
	numbers := map[string]float64{}
	for line := range strings.Lines(string(b)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		i := strings.LastIndexByte(line, ' ')
		if numbers[line[:i]], err = strconv.ParseFloat(strings.TrimSpace(line[i:]), 64); err != nil {
			t.Fatal(err)
		}
	}
	return string(b), numbers
}

// scraped waits until a number is this.
func scraped(t testing.TB, r *Relay, name string, want float64) {
	t.Helper()
	for end := time.Now().Add(within); ; {
		_, numbers := scrape(t, r)
		got, is := numbers[name]
		if is && got == want {
			return
		}
		if time.Now().After(end) {
			t.Errorf("%s is %v (there: %v), want %v", name, got, is, want)
			return
		}
	}
}

// What happens at a relay is counted, on both databases, and nothing that is
// counted says who it was.
func TestMetrics(t *testing.T) {
	t.Parallel()
	for _, database := range []string{"sqlite", "postgres"} {
		t.Run(database, func(t *testing.T) {
			c := Config{Dir: t.TempDir(), Metrics: "127.0.0.1:0"}
			c.Database = "sqlite:" + c.Dir + "/" + databaseName
			if database == "postgres" {
				c.Database = newDatabase(t)
			}
			testMetrics(t, start(t, c), database)
		})
	}
}

func testMetrics(t *testing.T, r *Relay, database string) {
	scraped(t, r, "satchel_relay_connections", 0)
	_, before := scrape(t, r)
	mara, joao := join(t, r, "Mara"), join(t, r, "João")
	id := direct(mara, joao)
	mara.send(id, "first", "hello")
	mara.send(id, "first", "hello") // once more is no other message
	joao.send(id, "second", "hello yourself")
	mara.refused(wire.CodeNotFound, &wire.History{Conversation: wire.NewID()})
	must[*wire.OK](mara, &wire.OpenLink{Code: string(seal.NewLinkCode())})

	file, content, _ := newFile(300000)
	mara.upload(file, content)
	k := mara.ticket(wire.TicketDownload, file, 0)
	mara.request("HEAD", k.URL, k.Token, nil)
	if _, body := mara.request("GET", k.URL, k.Token, nil); body != string(content) {
		t.Error("another file came")
	}
	mara.request("GET", k.URL, k.Token, nil, "Range", "bytes=0-99")

	stopped, content, _ := newFile(1000)
	k = mara.ticket(wire.TicketUpload, stopped, len(content))
	mara.post(k, len(content)+1) // not what the ticket is for
	mara.post(k, len(content))
	damaged, content, _ := newFile(1000)
	_, _, sum := newFile(1)
	k = mara.ticket(wire.TicketUpload, damaged, len(content))
	mara.post(k, len(content), "Upload-Metadata", "sha256 "+base64.StdEncoding.EncodeToString([]byte(sum)))
	resp, body := mara.patch(k, 0, content)
	wantStatus(t, resp, body, statusChecksumMismatch, wire.CodeChecksumMismatch)
	none, _, _ := newFile(0)
	k = mara.ticket(wire.TicketUpload, none, 0)
	resp, body = mara.post(k, 0, "Upload-Metadata", "sha256 "+base64.StdEncoding.EncodeToString([]byte(sum)))
	wantStatus(t, resp, body, statusChecksumMismatch, wire.CodeChecksumMismatch)
	mara.refused(wire.CodeFileTooLarge, &wire.TicketRequest{Purpose: wire.TicketUpload, File: file, Size: 1 << 50})
	if err := r.sweepOnce(t.Context(), time.Now().Add(48*time.Hour)); err != nil {
		t.Fatal(err)
	}

	for name, want := range map[string]float64{
		"satchel_relay_connections":                                2,
		`satchel_relay_frames_received_total{type="hello"}`:        2,
		`satchel_relay_frames_received_total{type="send"}`:         3,
		`satchel_relay_frames_received_total{type="chain.append"}`: 3,
		"satchel_relay_messages_stored_total":                      2,
		"satchel_relay_entries_pushed_total":                       2,
		"satchel_relay_writes_queued":                              0,
		"satchel_relay_mailboxes":                                  1,
		"satchel_relay_uploads_begun_total":                        4,
		"satchel_relay_uploads_finished_total":                     1,
		"satchel_relay_uploads_refused_total":                      4,
		"satchel_relay_upload_bytes_total":                         301000,
		"satchel_relay_downloads_total":                            2,
		"satchel_relay_download_bytes_total":                       300100,
		`satchel_relay_errors_total{code="not_found"}`:             1,
		`satchel_relay_errors_total{code="checksum_mismatch"}`:     2,
		`satchel_relay_errors_total{code="bad_frame"}`:             1,
		`satchel_relay_errors_total{code="file_too_large"}`:        1,
		"satchel_relay_slow_readers_dropped_total":                 0,
		`satchel_relay_swept_files_total{what="unfinished"}`:       1,
		`satchel_relay_swept_files_total{what="unreferenced"}`:     0,
		`satchel_relay_swept_files_total{what="unknown"}`:          0,
		"satchel_relay_sweeps_total":                               2,
	} {
		scraped(t, r, name, want)
	}
	page, after := scrape(t, r)
	commits := `satchel_relay_commit_seconds_count{database="` + database + `"}`
	if after[commits] < before[commits]+10 || after["go_goroutines"] < 1 || after["process_open_fds"] < 1 {
		t.Errorf("%s: %v, then %v; %v goroutines, %v open files", commits, before[commits], after[commits], after["go_goroutines"], after["process_open_fds"])
	}
	for _, secret := range []string{"Mara", "João", mara.account, joao.account, string(mara.device.ID()), id, file, stopped, "hello yourself", "127.0.0.1", r.Key()} {
		if strings.Contains(page, secret) {
			t.Errorf("%q is in the page", secret)
		}
	}
	for _, label := range regexp.MustCompile(`[{,]([a-z_]+)="`).FindAllStringSubmatch(page, -1) {
		if !slices.Contains([]string{"type", "code", "what", "database", "le", "quantile", "version"}, label[1]) {
			t.Errorf("the label %s may have values of no closed set", label[1])
		}
	}
	mara.ws.Close()
	scraped(t, r, "satchel_relay_connections", 1)
	scraped(t, r, "satchel_relay_mailboxes", 0)
}

// The page is on a listener of its own, which ends with Serve, and there is
// none unless it was asked for.
func TestMetricsServe(t *testing.T) {
	t.Parallel()
	r, stop := startStop(t, Config{Metrics: "127.0.0.1:0"})
	resp, err := http.Get(r.URL() + PathMetrics)
	if err != nil || resp.StatusCode != http.StatusNotFound {
		t.Errorf("at the people's address: %v %v", resp, err)
	}
	resp.Body.Close()
	scrape(t, r)
	address := r.numbers.Addr().String()
	_, err = Open(Config{Dir: t.TempDir(), Listen: "127.0.0.1:0", Metrics: address})
	if err == nil || !strings.HasPrefix(err.Error(), "the relay can't serve its metrics on "+address) || strings.Contains(err.Error(), "\n") {
		t.Errorf("%v", err)
	}
	stop()
	if c, err := net.DialTimeout("tcp", address, within); err == nil {
		c.Close()
		t.Error("the page is still served")
	}
	if url := start(t, Config{}).MetricsURL(); url != "" {
		t.Error(url)
	}
}
