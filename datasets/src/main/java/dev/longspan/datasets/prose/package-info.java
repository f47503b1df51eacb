/** Long coherent texts about a generated world: haystacks, articles and what to ask about them. */
package dev.longspan.datasets.prose;
