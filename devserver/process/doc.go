// Package process runs programs of this machine beside a test or a measurement: started, killed and started again as a
// supervisor would, on ports of their own, and asked for what they take of the processors and the memory.
//
// It knows nothing of refunds or Temporal. What they take is read from the Linux kernel.
package process
