/**
 * What was asked, what was answered and what it scored: the records that scoring and reports share.
 */
package dev.longspan.eval;
