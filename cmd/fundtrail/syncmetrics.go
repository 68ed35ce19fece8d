package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// A syncMetric is a figure of each chain.
type syncMetric struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	value func(l *chainLine, now time.Time) (v float64, known bool)
}

func syncMetricOf(name, help string, kind prometheus.ValueType, value func(l *chainLine, now time.Time) (float64, bool)) syncMetric {
	return syncMetric{prometheus.NewDesc("fundtrail_sync_"+name, help, []string{"chain"}, nil), kind, value}
}

// syncMetrics are what sync tells of each chain. doc/chains.md has them too.
var syncMetrics = []syncMetric{
	syncMetricOf("up", "1 while the chain is followed, 0 when it ended with an error.", prometheus.GaugeValue, func(l *chainLine, _ time.Time) (float64, bool) {
		if l.well {
			return 1, true
		}
		return 0, true
	}),
	syncMetricOf("head_height", "The node's newest block, as last asked.", prometheus.GaugeValue, func(l *chainLine, _ time.Time) (float64, bool) { return float64(l.head), l.head >= 0 }),
	syncMetricOf("ledger_height", "The ledger's newest block.", prometheus.GaugeValue, func(l *chainLine, _ time.Time) (float64, bool) { return float64(l.tip), l.tip >= 0 }),
	syncMetricOf("oldest_height", "The ledger's oldest block, where it grows downward.", prometheus.GaugeValue, func(l *chainLine, _ time.Time) (float64, bool) { return float64(l.first), l.first >= 0 }),
	syncMetricOf("lag_seconds", "Age of the ledger's newest block while the node is known to have a newer one, else 0.", prometheus.GaugeValue, func(l *chainLine, now time.Time) (float64, bool) {
		switch {
		case l.sum.Blocks == 0 || l.head < 0:
			return 0, l.head >= 0 && l.tip >= l.head
		case l.tip >= l.goal:
			return 0, true
		}
		return max(now.Sub(l.sum.Last.Time).Seconds(), 0), true
	}),
	syncMetricOf("last_write_timestamp_seconds", "When blocks were last written.", prometheus.GaugeValue, func(l *chainLine, _ time.Time) (float64, bool) {
		return float64(l.wroteAt.UnixMilli()) / 1000, !l.wroteAt.IsZero()
	}),
	syncMetricOf("blocks_total", "Blocks written, those taken back again among them.", prometheus.CounterValue, func(l *chainLine, _ time.Time) (float64, bool) { return float64(l.sum.Blocks), true }),
	syncMetricOf("transactions_total", "Transactions of the blocks written.", prometheus.CounterValue, func(l *chainLine, _ time.Time) (float64, bool) { return float64(l.sum.Transactions), true }),
	syncMetricOf("partial_transactions_total", "Transactions left out because the node does not know what they spend.", prometheus.CounterValue, func(l *chainLine, _ time.Time) (float64, bool) { return float64(l.sum.Partial), true }),
	syncMetricOf("reorganisations_total", "How often blocks of the ledger were replaced.", prometheus.CounterValue, func(l *chainLine, _ time.Time) (float64, bool) { return float64(l.sum.Reorganised), true }),
	syncMetricOf("taken_back_blocks_total", "Blocks of the ledger that were replaced.", prometheus.CounterValue, func(l *chainLine, _ time.Time) (float64, bool) { return float64(l.sum.TakenBack), true }),
	syncMetricOf("retries_total", "Failures of nodes after which they were asked again.", prometheus.CounterValue, func(l *chainLine, _ time.Time) (float64, bool) { return float64(l.retries), true }),
}

// Describe and Collect make a board's figures those of a registry.
func (b *board) Describe(to chan<- *prometheus.Desc) {
	for _, m := range syncMetrics {
		to <- m.desc
	}
}

func (b *board) Collect(to chan<- prometheus.Metric) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	for _, l := range b.lines {
		for _, m := range syncMetrics {
			if v, known := m.value(l, now); known {
				to <- prometheus.MustNewConstMetric(m.desc, m.kind, v, string(l.on))
			}
		}
	}
}

// serve answers /metrics until stop is called.
func (b *board) serve(ctx context.Context, address string) (stop func(), err error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, usage("--metrics %s: want an address and a port, such as 127.0.0.1:9105", address)
	}
	if host == "" {
		host = "127.0.0.1" // figures are for whoever is asked to see them
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(host, port))
	if err != nil {
		return nil, fmt.Errorf("--metrics %s: %w", address, err)
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(b, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{Registry: registry}))
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10}
	go srv.Serve(l)
	b.mu.Lock()
	b.say("figures are at http://%s/metrics", l.Addr())
	b.mu.Unlock()
	return func() { srv.Close() }, nil
}
