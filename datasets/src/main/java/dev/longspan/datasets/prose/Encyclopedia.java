package dev.longspan.datasets.prose;

import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;

/**
 * Articles about the people and towns of one generated world: some facts that can be asked for,
 * among sentences from the record of the valley.
 *
 * <p>Equal seeds and equal requests in equal order give equal articles. Not safe for use by several
 * threads.
 */
public final class Encyclopedia {
  private static final int FACTS = 4;
  private static final int SENTENCES = 3;

  private final World world;
  private final Chronicle chronicle;
  private final Random random;

  /** Opens the encyclopedia of {@code seed}. */
  public Encyclopedia(long seed) {
    world = new World(seed);
    chronicle = new Chronicle(seed, world);
    random = new Random(seed + 1);
  }

  /** Returns whom and what the articles are about. */
  public World world() {
    return world;
  }

  /** Returns an article on {@code person} that states {@code stated} among other facts. */
  public Article on(Person person, Fact stated) {
    List<Fact> facts = new ArrayList<>(List.of(Fact.values()));
    facts.remove(stated);
    Collections.shuffle(facts, random);
    facts = facts.subList(0, FACTS - 1);
    Set<Fact> told = EnumSet.copyOf(facts);
    told.add(stated);
    List<String> sentences = new ArrayList<>();
    told.forEach(fact -> sentences.add(fact.sentence(person)));
    return article(person.name(), sentences, person);
  }

  /** Returns an article on {@code town} that names its mayor. */
  public Article on(Town town) {
    Person mayor = world.mayor(town);
    List<String> sentences = new ArrayList<>();
    sentences.add(
        town.name()
            + " lies on the "
            + town.river()
            + " and is known for its "
            + town.goods()
            + ".");
    sentences.add("The mayor of " + town.name() + " is " + mayor.name() + ".");
    sentences.add(town.name() + " was founded in the year " + town.founded() + ".");
    return article(town.name(), sentences, mayor);
  }

  /** Returns one of the questions about {@code fact} of {@code person}. */
  public Fact.Query query(Person person, Fact fact) {
    return Words.pick(fact.queries(person), random);
  }

  private Article article(String title, List<String> facts, Person hero) {
    List<String> sentences = new ArrayList<>(facts);
    int at = 1;
    for (String sentence : chronicle.about(hero, SENTENCES)) {
      at += random.nextInt(sentences.size() - at + 1);
      sentences.add(at++, sentence);
    }
    return new Article(title, String.join(" ", sentences));
  }
}
