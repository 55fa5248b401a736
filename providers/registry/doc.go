// Package registry names every provider there is: outside its own folder a
// provider is known here and nowhere else.
//
// It imports providers and each provider's folder; only config imports it.
package registry
