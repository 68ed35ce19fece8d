// Package fundtrail holds the words of the program: what a ledger records, what
// people say about it, what our methods conclude, and what investigators do.
//
// Every type is one of four, and so is every field of a report:
//
//   - a fact is what a ledger records: [Transaction], [Transfer], [Entry], [Coverage];
//   - a claim is what somebody says, with source and confidence: [Tag], [Actor],
//     [Party], [Designation], [Incident], [Proceeding], [Action], [Figure], [Price];
//   - an inference is what our method concludes, with its name and version: [Trace],
//     [Hop], [End], [Bounds], [Inference], [Crossing];
//   - casework is what people do: [Case], [Evidence], [Watch], [Alert].
//
// The package imports nothing else of this module and touches nothing outside the
// program. Engines (internal/trace and its later siblings) are pure functions of its
// types; they read facts through [Ledger], the narrow reading side that the memory
// ledger and the disk ledger have.
//
// Amounts are whole base units in 256 bits ([Amount]); addresses are checked once,
// at the edge, and are comparable values from then on ([Address]).
package fundtrail
