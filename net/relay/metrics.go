package relay

import (
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"satchel/net/relay/store"
	"satchel/net/wire"
)

// PathMetrics is where the numbers are, on the listener that Config.Metrics names.
const PathMetrics = "/metrics"

// metricsTime bounds the reading, and the answering, of a request for the numbers.
const metricsTime = 10 * time.Second

// What a sweep took; values of a label.
const (
	sweptUnfinished   = "unfinished"
	sweptUnreferenced = "unreferenced"
	sweptUnknown      = "unknown"
	sweptExpired      = "expired"
)

// metrics are the numbers of one relay since it was opened. Labels have values
// of closed sets: a number is never of an account, a conversation, a file or an
// address.
type metrics struct {
	registry  *prometheus.Registry
	frames    *prometheus.CounterVec
	errors    *prometheus.CounterVec
	swept     *prometheus.CounterVec
	stored    prometheus.Counter // new entries, without those that were sent again
	pushed    prometheus.Counter
	slow      prometheus.Counter
	begun     prometheus.Counter
	finished  prometheus.Counter
	declined  prometheus.Counter
	up, down  prometheus.Counter // bytes of files
	downloads prometheus.Counter
	sweeps    prometheus.Counter
	expired   prometheus.Counter // bodies of messages
}

// commitTimes are the bounds of the histogram, in seconds.
var commitTimes = []float64{.0005, .001, .002, .005, .01, .02, .05, .1, .2, .5, 1, 2, 5}

// newMetrics begins to count. The store is open, and was not written to.
func newMetrics(r *Relay) *metrics {
	registry := prometheus.NewRegistry()
	counter := func(name, help string) prometheus.Counter {
		c := prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
		registry.MustRegister(c)
		return c
	}
	labelled := func(name, label, help string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, []string{label})
		registry.MustRegister(c)
		return c
	}
	gauge := func(name, help string, now func() int) {
		registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 { return float64(now()) }))
	}
	database := "sqlite"
	if store.IsPostgres(r.config.Database) {
		database = "postgres"
	}
	commits := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "satchel_relay_commit_seconds", Buckets: commitTimes,
		Help: "Time of a transaction from its beginning until it is on the disk.", ConstLabels: prometheus.Labels{"database": database}})
	registry.MustRegister(commits, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	r.store.Observe(func(took time.Duration) { commits.Observe(took.Seconds()) })
	gauge("satchel_relay_connections", "WebSockets that are open.", r.sockets.count)
	gauge("satchel_relay_writes_queued", "Writes that were asked for and are not on the disk yet.", r.store.Waiting)
	gauge("satchel_relay_space_bytes", "Bytes that files take, those that are arriving with all of theirs.", func() int {
		bytes, err := r.store.Space("")
		if err != nil {
			r.log.Error("the space of files is not known", "error", err)
		}
		return int(bytes)
	})
	gauge("satchel_relay_mailboxes", "Linkings of devices that are under way.", r.mailboxes.count)
	m := &metrics{
		registry:  registry,
		frames:    labelled("satchel_relay_frames_received_total", "type", "Frames from clients that could be read."),
		errors:    labelled("satchel_relay_errors_total", "code", "Errors that clients were answered with, on the socket and for files."),
		swept:     labelled("satchel_relay_swept_files_total", "what", "Files that sweeps removed."),
		stored:    counter("satchel_relay_messages_stored_total", "Messages that were stored, each once."),
		pushed:    counter("satchel_relay_entries_pushed_total", "Messages that were queued for a connection, once for each connection."),
		slow:      counter("satchel_relay_slow_readers_dropped_total", "Connections that were ended because they did not read."),
		begun:     counter("satchel_relay_uploads_begun_total", "Uploads that were begun."),
		finished:  counter("satchel_relay_uploads_finished_total", "Uploads that are whole and on the disk."),
		declined:  counter("satchel_relay_uploads_refused_total", "Uploads that got no ticket, were not let begin, or were thrown away for their checksum."),
		up:        counter("satchel_relay_upload_bytes_total", "Bytes of files that were written."),
		down:      counter("satchel_relay_download_bytes_total", "Bytes of files that were sent."),
		downloads: counter("satchel_relay_downloads_total", "Requests for a file's bytes, or a part of them, that were granted."),
		sweeps:    counter("satchel_relay_sweeps_total", "Sweeps that came to their end."),
		expired:   counter("satchel_relay_expired_messages_total", "Messages of which sweeps removed the body."),
	}
	for _, what := range []string{sweptUnfinished, sweptUnreferenced, sweptUnknown, sweptExpired} {
		m.swept.WithLabelValues(what)
	}
	return m
}

// took counts a frame by the name of its Go type, which no client makes up.
func (m *metrics) took(f wire.Frame) { m.frames.WithLabelValues(wire.Name(f)).Inc() }

// refused counts an error that a client is answered with.
func (m *metrics) refused(e *wire.Error) { m.errors.WithLabelValues(e.Code).Inc() }

// MetricsURL is where the numbers are; empty when they are not served.
func (r *Relay) MetricsURL() string {
	if r.numbers == nil {
		return ""
	}
	return "http://" + reachable(r.numbers.Addr().(*net.TCPAddr)) + PathMetrics
}

// serveMetrics serves the numbers, if that was asked for, until stop is called.
// They fail alone: people go on without them.
func (r *Relay) serveMetrics() (stop func()) {
	if r.numbers == nil {
		return func() {}
	}
	var requests gate
	mux := http.NewServeMux()
	page := promhttp.HandlerFor(r.metrics.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4})
	mux.HandleFunc("GET "+PathMetrics, func(w http.ResponseWriter, req *http.Request) {
		if requests.enter() {
			defer requests.leave()
			page.ServeHTTP(w, req)
		}
	})
	server := &http.Server{Handler: mux, ReadTimeout: metricsTime, WriteTimeout: metricsTime, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10,
		ErrorLog: r.debugLog()}
	served := make(chan struct{})
	go func() {
		defer close(served)
		if err := server.Serve(r.numbers); !errors.Is(err, http.ErrServerClosed) {
			r.log.Error("metrics are not served any more", "error", err)
		}
	}()
	r.log.Info("metrics are served", "url", r.MetricsURL())
	return func() {
		server.Close()
		<-served
		requests.wait()
	}
}

// status notes what an HTTP request was answered with.
type status struct {
	http.ResponseWriter
	code int
}

func (s *status) WriteHeader(code int) {
	s.code = code
	s.ResponseWriter.WriteHeader(code)
}

func (s *status) Unwrap() http.ResponseWriter { return s.ResponseWriter }
