package dev.longspan.datasets.prose;

/**
 * A town of the generated world.
 *
 * @param name unique among the towns of its world
 * @param river the river it lies on
 * @param founded year of its foundation
 * @param goods what it is known for
 */
public record Town(String name, String river, int founded, String goods) {}
