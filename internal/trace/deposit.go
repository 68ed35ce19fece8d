package trace

import (
	"fmt"
	"slices"
	"time"

	"github.com/fundtrail/fundtrail"
)

// DepositMethod names the rule below.
const DepositMethod fundtrail.Method = "deposit-forward/1"

// depositShare is how much of what an address receives it must pass on to one service:
// 95 %, in hundredths.
const depositShare = 95

// A sweep watches whether a holding passes nearly all it receives on to one service
// within the deposit window, as a customer's deposit address does: exchanges empty
// those into their hot wallets. It fails for an intermediary who pays a hot wallet
// directly; the inference therefore says "probable". (The exact reuse heuristic of
// Victor, FC 2020, asks for the same, with one payment at a time.)
type sweep struct {
	received fundtrail.Amount
	passed   fundtrail.Amount // to the service
	end      int32            // the service, -1: none yet
	evidence []fundtrail.Position
}

// receive is told of every receipt.
func (s *sweep) receive(amount fundtrail.Amount) { s.received = plus(s.received, amount) }

// passOn is told of every payment that reached an end. Small payments elsewhere are
// allowed for in the share.
func (r *run) passOn(h *holding, e *event, amount fundtrail.Amount) {
	s := &h.sweep
	if r.ends[e.end].key.kind == fundtrail.EndExchange && (s.end == -1 || s.end == e.end) && !r.depositTag(e.to) {
		s.end = e.end
		s.passed = plus(s.passed, amount)
		s.evidence = append(s.evidence, e.at)
	}
}

// depositTag reports whether an address is itself claimed to be a deposit address: to
// pay one is not to be one.
func (r *run) depositTag(a fundtrail.AddressID) bool {
	return slices.ContainsFunc(r.tags(r.address(a)), func(t fundtrail.Tag) bool { return t.Role == fundtrail.RoleDeposit })
}

// depositAddresses reports the holdings that behaved like deposit addresses.
func (r *run) depositAddresses(place []int32) []fundtrail.Inference {
	var out []fundtrail.Inference
	for _, h := range r.holdings.all() {
		s := &h.sweep
		if s.end < 0 || r.back || r.home(h.addr) || len(r.tags(r.address(h.addr))) > 0 {
			continue
		}
		want, _ := s.received.MulDiv(fundtrail.NewAmount(depositShare), fundtrail.NewAmount(100))
		if s.passed.Less(want) || !r.inTime(h) {
			continue
		}
		end := &r.ends[place[s.end]]
		name := end.key.actor
		if name == "" {
			name = end.key.label
		}
		share, _ := s.passed.MulDiv(fundtrail.NewAmount(100), s.received.Max(fundtrail.NewAmount(1)))
		inf := fundtrail.Inference{
			Address: r.address(h.addr), Actor: end.key.actor, Method: DepositMethod, Confidence: 75,
			Says: fmt.Sprintf("probable deposit address of %s: passed on %s %% of what it received within %s", name, share, window(r.opt.DepositWindow)),
		}
		for _, p := range s.evidence {
			inf.Evidence = append(inf.Evidence, r.ledger.Output(p))
		}
		if end.via == nil {
			end.via = map[int32]bool{}
		}
		end.via[int32(len(out))] = true
		out = append(out, inf)
	}
	return out
}

// inTime reports whether each payment to the service came within the deposit window
// after the last receipt before it.
func (r *run) inTime(h *holding) bool {
	s := &h.sweep
	var m fundtrail.Movement
	for _, p := range s.evidence {
		last := int64(-1)
		for _, q := range r.ledger.Moves(h.addr, p, true, r.buf[:0:64]) {
			if r.ledger.Movement(q, &m); m.To == h.addr && m.Asset == h.asset {
				last = r.time(q)
				break
			}
		}
		if last < 0 || r.time(p)-last > int64(r.opt.DepositWindow/time.Second) {
			return false
		}
	}
	return true
}

func window(d time.Duration) string {
	if day := 24 * time.Hour; d%day == 0 {
		return fmt.Sprintf("%d days", d/day)
	}
	return d.String()
}
