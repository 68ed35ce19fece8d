package tron

import "github.com/fundtrail/fundtrail"

// HeaderName is the name that a header's own bytes give a block.
func HeaderName(headerJSON []byte) (fundtrail.Hash, error) {
	var h rpcHeader
	err := parse(headerJSON, &h)
	return h.name(), err
}
