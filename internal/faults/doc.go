// Package faults is the fault matrix of transfers: a real relay and real
// sessions, and between and below them everything that goes wrong. It has tests
// only. `make test` runs a short slice of each row; `make faults` runs all of
// them and prints the table that stands in docs/faults.md.
//
// The tests run in namespaces of their own, as a program that may read no more
// than its user may: they mount small disks, make slow networks and take ports
// without anybody else's noticing.
package faults
