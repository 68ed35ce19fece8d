package bitcoin

import "github.com/fundtrail/fundtrail"

// AddressOf returns the address of an output's script.
func AddressOf(p *Params, script []byte) fundtrail.Address {
	l := lockOf(script)
	return l.address(p)
}
