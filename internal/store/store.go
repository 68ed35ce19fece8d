// Package store keeps claims and their bytes in one SQLite file: every version of every
// sanctions list, by digest, and what follows from them. It is small and precious.
package store
