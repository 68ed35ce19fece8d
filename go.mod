module github.com/fundtrail/fundtrail

go 1.26.0

require (
	github.com/btcsuite/btcd/btcutil v1.1.6
	github.com/holiman/uint256 v1.3.2
	github.com/mr-tron/base58 v1.3.0
	golang.org/x/crypto v0.58.0
)

require (
	github.com/google/go-cmp v0.7.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
)
