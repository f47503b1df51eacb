/** The documents that LongPPL (Fang et al. 2025) is measured on. */
package dev.longspan.datasets.longppl;
