/** The thirteen tasks of RULER (Hsieh et al. 2024), generated at any length. */
package dev.longspan.datasets.ruler;
