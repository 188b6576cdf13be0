// Package storetest is the one suite that every handler passes, against a real
// server of its kind: uploads of every size, resumed after cuts and in new
// processes; cancelled, dropped, begun anew; downloads that resume, and refuse
// what is not what was announced; refusals in words that a person can use.
//
// The tests of a handler's package call Run. It stands for the engine, and is
// stricter: behind the byte where an attempt began, every attempt reads other
// bytes, as sealing makes them; so a store in which two attempts mix is found.
package storetest
