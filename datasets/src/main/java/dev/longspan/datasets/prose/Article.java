package dev.longspan.datasets.prose;

/**
 * A short text about one person or town.
 *
 * @param title its subject
 * @param text what it says
 */
public record Article(String title, String text) {}
