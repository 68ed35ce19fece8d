package web

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/fundtrail/fundtrail/internal/screen"
)

// metrics are what /metrics shows. None has what was asked as a label.
type metrics struct {
	registry        *prometheus.Registry
	handler         http.Handler
	requests        *prometheus.CounterVec
	seconds         *prometheus.HistogramVec
	verdicts        map[screen.Verdict]prometheus.Counter
	unauthenticated prometheus.Counter
	limited         prometheus.Counter
	refused         prometheus.Counter
	unrecorded      prometheus.Counter
	reloads         *prometheus.CounterVec
	versions        *prometheus.GaugeVec
	published       *prometheus.GaugeVec
	received        *prometheus.GaugeVec
	parties         *prometheus.GaugeVec
}

func newMetrics(s *Server) *metrics {
	const ns = "fundtrail"
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Namespace: ns, Name: name, Help: help})
	}
	gauge := func(name, help string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: ns, Name: name, Help: help}, []string{"list"})
	}
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: ns, Name: "http_requests_total", Help: "Requests by route and status."}, []string{"route", "code"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: ns, Name: "http_request_seconds", Help: "Time a request took inside the server, by route.",
			Buckets: []float64{.00001, .000025, .00005, .0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10, 30}}, []string{"route"}),
		unauthenticated: counter("http_unauthenticated_total", "Requests without a good API key, or without the scope."),
		limited:         counter("http_rate_limited_total", "Requests refused because the key's rate was used up."),
		unrecorded:      counter("unrecorded_total", "Requests not answered because the answer could not be recorded."),
		refused:         counter("http_busy_total", "Requests refused because too many were under way."),
		reloads:         prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: ns, Name: "reloads_total", Help: "Looks at the lists, keys and certificate, by what and result."}, []string{"what", "result"}),
		versions:        gauge("list_versions", "Versions of a list that are loaded."),
		published:       gauge("list_published_timestamp_seconds", "When the newest version of a list was published."),
		received:        gauge("list_received_timestamp_seconds", "When a version of a list last came in."),
		parties:         gauge("list_parties", "Parties of the newest version of a list."),
		verdicts:        map[screen.Verdict]prometheus.Counter{},
	}
	screened := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: ns, Name: "screened_total", Help: "Screened items by verdict."}, []string{"verdict"})
	for _, v := range []screen.Verdict{screen.Matched, screen.Clear, screen.Unknown, screen.Invalid} {
		m.verdicts[v] = screened.WithLabelValues(string(v))
	}
	number := func(name, help string, value func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: ns, Name: name, Help: help}, value)
	}
	m.registry.MustRegister(m.requests, m.seconds, screened, m.unauthenticated, m.limited, m.refused, m.unrecorded, m.reloads, m.versions, m.published, m.received, m.parties,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		number("http_in_flight", "Requests under way.", func() float64 { return float64(s.inFlight.Load()) }),
		number("http_connections", "Open connections.", func() float64 { return float64(s.conns.Load()) }),
		number("snapshot_generation", "How many times lists were loaded.", func() float64 {
			if n := s.snapshot.Load(); n != nil {
				return float64(n.Generation)
			}
			return 0
		}))
	m.handler = promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry})
	return m
}

// loaded shows a new snapshot's lists, and none that it no longer has.
func (m *metrics) loaded(n *Snapshot) {
	m.versions.Reset()
	m.published.Reset()
	m.received.Reset()
	m.parties.Reset()
	for i := range n.History.Versions {
		m.versions.WithLabelValues(n.History.Versions[i].List).Inc()
	}
	newest, received := n.newest()
	for i, v := range newest {
		m.published.WithLabelValues(v.List).Set(float64(v.Published.Unix()))
		m.received.WithLabelValues(v.List).Set(float64(received[i].Unix()))
		m.parties.WithLabelValues(v.List).Set(float64(v.Parties))
	}
}

// routeMetrics are one route's, looked up once.
type routeMetrics struct {
	m       *metrics
	name    string
	ok      prometheus.Counter
	seconds prometheus.Observer
}

func (m *metrics) route(name string) *routeMetrics {
	return &routeMetrics{m, name, m.requests.WithLabelValues(name, "200"), m.seconds.WithLabelValues(name)}
}

func (r *routeMetrics) count(status int, took time.Duration) {
	if status == http.StatusOK {
		r.ok.Inc()
	} else {
		r.m.requests.WithLabelValues(r.name, strconv.Itoa(status)).Inc()
	}
	r.seconds.Observe(took.Seconds())
}
