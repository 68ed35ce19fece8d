// Package fetch makes every outbound request of the program: with limits, retries,
// conditions and the digest of what came.
package fetch
