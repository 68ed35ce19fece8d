// Package durable is what a folder of ours asks of the file system beyond writing: that one
// process writes it at a time, and that its files' names survive a power cut.
package durable
