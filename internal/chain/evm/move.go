package evm

import "github.com/fundtrail/fundtrail"

// A Move is a token transfer as a contract's log tells it, on any chain whose contracts run
// on Ethereum's machine or one like it. The zero address is nobody.
type Move struct {
	From, To [20]byte
	Amount   fundtrail.Amount
	// Wraps says that it is a Deposit or a Withdrawal: a transfer only of a contract that
	// wraps the chain's own coin.
	Wraps bool
}

// ReadMove reads a log as a token transfer, by the rules of doc/chains.md.
func ReadMove(topics []fundtrail.Hash, data []byte) (Move, bool) {
	m, ok := readMove(&event{topics: topics, data: data})
	return Move{From: m.from, To: m.to, Amount: m.amount, Wraps: m.kind == wrapping}, ok
}
