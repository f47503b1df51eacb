/**
 * A decoder on the processor: its operations, of which the scalar backend has the reference and the
 * vector backend the fast version, and their order.
 */
package dev.longspan.kernels.backend.host;
