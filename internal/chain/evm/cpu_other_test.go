//go:build !linux

package evm

func cpuSeconds() float64 { return 0 }
