package dev.longspan.kernels.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.longspan.kernels.attention.DenseAttention;
import dev.longspan.kernels.model.Sequence;
import org.junit.jupiter.api.Test;

class PagePoolTest {
  private final Sequence a = new Sequence(new DenseAttention(), 1);
  private final Sequence b = new Sequence(new DenseAttention(), 1);

  @Test
  void countsPagesInWholes() {
    assertEquals(0, PagePool.pagesFor(0));
    assertEquals(1, PagePool.pagesFor(1));
    assertEquals(1, PagePool.pagesFor(64));
    assertEquals(2, PagePool.pagesFor(65));
  }

  @Test
  void givesEachPageOnceAndTheLastReturnedFirst() {
    PagePool pool = new PagePool(5);
    assertTrue(pool.grow(a, 2));
    assertTrue(pool.grow(a, 2), "nothing more to add");
    assertTrue(pool.grow(b, 2));
    assertEquals(1, pool.free());
    int first = a.page(0);
    pool.release(a);
    assertEquals(3, pool.free());
    Sequence c = new Sequence(new DenseAttention(), 1);
    assertTrue(pool.grow(c, 1));
    assertEquals(first, c.page(0));
  }

  @Test
  void saysWhenThePagesRunOutAndKeepsThoseItGave() {
    PagePool pool = new PagePool(3);
    assertTrue(pool.grow(a, 2));
    assertFalse(pool.grow(b, 2));
    assertEquals(1, b.pageCount());
    assertEquals(0, pool.free());
    pool.release(b);
    pool.release(a);
    assertEquals(3, pool.free());
  }
}
