// Package report writes a trace for people and programs: text, CSV, GraphML, JSON
// and one self-contained HTML file. It computes nothing: every figure comes from the
// [Document], and the same document gives the same bytes.
package report
