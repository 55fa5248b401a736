// Package account is what the settings of every provider's account have in
// common: mistakes are collected rather than told one by one ([Mistakes]),
// addresses and times are checked alike ([AddressProblem], [Times]), and the files
// they name are found and read ([In], [Load]).
//
// Its one idea is that a person sees every mistake at once, by the name it has in
// the configuration, and never a value: a secret may stand in the wrong place. It
// imports refund and knows no platform.
package account
