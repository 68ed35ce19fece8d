//go:build !linux

package source_test

func limitFiles() {}
