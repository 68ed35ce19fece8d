package main

import (
	"testing"

	"github.com/fundtrail/fundtrail/data"
	"github.com/fundtrail/fundtrail/internal/trace"
)

// TestCategoriesEndTraces: what the records' vocabulary calls a service ends a trace,
// and nothing else does.
func TestCategoriesEndTraces(t *testing.T) {
	for _, c := range data.Categories() {
		if ends := trace.EndKindOf(c.ID) != ""; ends != c.Service {
			t.Errorf("category %s: a service is %v, ends a trace is %v", c.ID, c.Service, ends)
		}
	}
}
