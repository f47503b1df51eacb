package dev.longspan.datasets.ruler;

import dev.longspan.datasets.prose.Article;
import dev.longspan.datasets.prose.Chronicle;
import dev.longspan.datasets.prose.Encyclopedia;
import dev.longspan.datasets.prose.Fact;
import dev.longspan.datasets.prose.Person;
import dev.longspan.datasets.prose.Town;
import dev.longspan.datasets.prose.World;
import dev.longspan.datasets.ruler.Question.Document;
import java.util.Iterator;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Questions about a generated world, another one for each of them. */
final class GeneratedQuestions implements Questions {
  private static final int ENDLESS = 1 << 30;

  /** The question is about one of the first so many persons. */
  private static final int HEROES = 10;

  private final boolean twoHops;

  /** With {@code twoHops}, a person's article leads to the town whose article answers. */
  GeneratedQuestions(boolean twoHops) {
    this.twoHops = twoHops;
  }

  @Override
  public String id() {
    return Chronicle.ID;
  }

  @Override
  public Question at(int index, Random random) {
    Encyclopedia articles = new Encyclopedia(random.nextLong());
    Person hero = articles.world().person(random.nextInt(HEROES));
    return twoHops
        ? twoHops(articles, hero)
        : oneHop(articles, hero, Fact.values()[random.nextInt(Fact.values().length)]);
  }

  private static Question oneHop(Encyclopedia articles, Person hero, Fact fact) {
    Fact.Query query = articles.query(hero, fact);
    return question(
        query.question(),
        query.answer(),
        List.of(articles.on(hero, fact)),
        persons(articles.world(), hero).map(person -> articles.on(person, fact)));
  }

  private static Question twoHops(Encyclopedia articles, Person hero) {
    World world = articles.world();
    Town home = hero.home();
    Iterator<Town> towns =
        IntStream.iterate(0, i -> i + 1)
            .mapToObj(world::town)
            .filter(town -> !town.equals(home))
            .iterator();
    return question(
        "Who is the mayor of the town where " + hero.name() + " lives?",
        world.mayor(home).name(),
        List.of(articles.on(hero, Fact.HOME), articles.on(home)),
        persons(world, hero)
            .flatMap(
                person -> Stream.of(articles.on(person, Fact.HOME), articles.on(towns.next()))));
  }

  private static Stream<Person> persons(World world, Person hero) {
    return IntStream.iterate(0, i -> i + 1)
        .mapToObj(world::person)
        .filter(person -> !person.equals(hero));
  }

  private static Question question(
      String question, String answer, List<Article> needed, Stream<Article> others) {
    return new Question(
        question,
        List.of(answer),
        needed.stream().map(GeneratedQuestions::document).toList(),
        others.map(GeneratedQuestions::document).iterator(),
        ENDLESS);
  }

  private static Document document(Article article) {
    return new Document(article.title() + "\n", article.text());
  }
}
