package main

import "github.com/fundtrail/fundtrail/internal/web"

func openRecord(opt *web.Options, dir string) (func() error, error) {
	return func() error { return nil }, nil
}
