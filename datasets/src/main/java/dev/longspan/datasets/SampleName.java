package dev.longspan.datasets;

import java.io.Serializable;

/**
 * Which sample a row makes.
 *
 * @param task task within the suite
 * @param id name of the sample, unique within the task
 */
public record SampleName(String task, String id) implements Serializable {}
