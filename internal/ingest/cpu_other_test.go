//go:build !linux

package ingest

func cpuSeconds() float64 { return 0 }
