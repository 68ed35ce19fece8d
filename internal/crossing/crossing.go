// Package crossing recognises, in single transactions, the steps that no ledger joins:
// value that enters or leaves a mixer, a bridge or a swap. It pairs what went in with
// what came out, each pair with the method that made it and the odds that were
// measured for it. It is pure: functions of facts, claims and options.
package crossing
