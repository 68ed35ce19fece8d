package tron_test

import (
	"fmt"

	"github.com/fundtrail/fundtrail/internal/chain/tron"
)

// A TRC-10 token has a number and no contract.
func ExampleTRC10() {
	a := tron.TRC10(1002000)
	fmt.Println(a)
	fmt.Printf("%x\n", a.Contract.Payload())
	// Output:
	// trx/THf4Js8QihEksNLm95Ubi1P8Y1ePvD97D9
	// 5452432d313000000000000000000000000f4a10
}
