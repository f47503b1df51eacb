/**
 * From logits to tokens: the plain reference, which the CPU backends use and the device's sampling
 * is held against.
 */
package dev.longspan.kernels.sampling;
