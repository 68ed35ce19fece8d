//go:build !linux

package archive_test

import "testing"

func peakMB() float64     { return 0 }
func cpuSeconds() float64 { return 0 }
func canDrop() bool       { return false }
func drop(*testing.B)     {}
func waits() int          { return 0 }
