package dev.longspan.datasets.prose;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;

/**
 * The towns and persons that a generated record is about.
 *
 * <p>Both grow on demand and in a fixed order, so that person 7 of a seed is the same whoever asks
 * for them. Not safe for use by several threads.
 */
public final class World {
  /** Towns of a world without persons, so that people can come from elsewhere at once. */
  private static final int FIRST_TOWNS = 3;

  /** Every so many persons a town is added. */
  private static final int PER_TOWN = 6;

  /** Draws of a name before a longer one is made, so that a large world does not run dry. */
  private static final int DRAWS = 20;

  private static final List<String> WOMEN = Words.list("women");
  private static final List<String> MEN = Words.list("men");
  private static final List<String> OUTSKIRTS = List.of("Upper ", "Lower ", "Little ", "New ");

  private final Random random;
  private final List<Person> persons = new ArrayList<>();
  private final List<Town> towns = new ArrayList<>();
  private final Map<Town, Person> mayors = new HashMap<>();
  private final Set<String> names = new HashSet<>();

  /** Creates the world of {@code seed}. */
  public World(long seed) {
    random = new Random(seed);
    for (int i = 0; i < FIRST_TOWNS; i++) {
      towns.add(newTown());
    }
  }

  /** Returns person {@code index}, creating them and those before them if need be. */
  public Person person(int index) {
    while (persons.size() <= index) {
      if (persons.size() % PER_TOWN == PER_TOWN - 1) {
        towns.add(newTown());
      }
      persons.add(newPerson(Words.pick(towns, random)));
    }
    return persons.get(index);
  }

  /** Returns town {@code index}, creating persons until there is one. */
  public Town town(int index) {
    while (towns.size() <= index) {
      person(persons.size());
    }
    return towns.get(index);
  }

  /** Returns the mayor of {@code town}, who is not among the numbered persons. */
  public Person mayor(Town town) {
    return mayors.get(town);
  }

  private Town newTown() {
    String name = null;
    for (int i = 0; name == null || !names.add(name); i++) {
      String plain =
          Words.pick(Words.list("town_starts"), random)
              + Words.pick(Words.list("town_ends"), random);
      name = i < DRAWS ? plain : Words.pick(OUTSKIRTS, random) + plain;
    }
    Town town =
        new Town(
            name,
            Words.pick(Words.list("town_starts"), random),
            1100 + random.nextInt(600),
            Words.pick(Chronicle.GOODS, random));
    mayors.put(town, newPerson(town));
    return town;
  }

  private Person newPerson(Town home) {
    boolean female = random.nextBoolean();
    List<String> firsts = female ? WOMEN : MEN;
    String name = null;
    for (int i = 0; name == null || !names.add(name); i++) {
      String middle = i < DRAWS ? " " : " " + Words.pick(firsts, random) + " ";
      name = Words.pick(firsts, random) + middle + Words.pick(Words.list("surnames"), random);
    }
    Town birthplace = towns.isEmpty() ? home : Words.pick(towns, random);
    return new Person(
        name,
        female,
        Words.pick(Words.list("jobs"), random),
        home,
        birthplace,
        1760 + random.nextInt(50),
        Words.pick(Words.list("animals"), random),
        Words.pick(Words.list("pets"), random),
        Words.pick(Words.list("dishes"), random),
        Words.pick(Words.list("objects"), random),
        Words.pick(Words.list("places"), random),
        Words.pick(Words.list("colours"), random),
        Words.pick(Words.list("vehicles"), random));
  }
}
