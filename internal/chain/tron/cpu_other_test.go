//go:build !linux

package tron_test

func cpuSeconds() float64 { return 0 }
