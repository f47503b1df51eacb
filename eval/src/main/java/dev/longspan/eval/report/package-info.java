/** Writes reports as HTML, Markdown, JUnit XML and text for the terminal. */
package dev.longspan.eval.report;
